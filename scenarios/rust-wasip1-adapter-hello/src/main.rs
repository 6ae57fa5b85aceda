//! What `cargo new` writes, for WASI 0.1.

fn main() {
    println!("Hello, world!");
}
