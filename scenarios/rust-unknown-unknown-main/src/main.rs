//! An ordinary `main`, for a target without an operating system.

fn main() {
    // Compiles, runs, and prints nothing: there is no stdout on wasm32-unknown-unknown.
    println!("is anybody there?");
    eprintln!("hello?");
}
