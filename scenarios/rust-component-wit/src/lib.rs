//! A library with an interface of its own: `wit/world.wit` says it, wit-bindgen makes the Rust of it.

wit_bindgen::generate!({ world: "arithmetic" });

struct Arithmetic;

impl Guest for Arithmetic {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    /// 0 where the result has more than 64 bits.
    fn factorial(n: u64) -> u64 {
        (1..=n).try_fold(1u64, u64::checked_mul).unwrap_or(0)
    }

    fn hypotenuse(a: f64, b: f64) -> f64 {
        (a * a + b * b).sqrt()
    }

    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

export!(Arithmetic);
