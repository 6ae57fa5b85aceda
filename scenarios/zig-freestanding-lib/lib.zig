//! Functions for whoever embeds the module: numbers in, numbers out, and no system anywhere.

/// Wraps around: `+%` is what a plain `+` is in C for unsigned numbers, and `+` traps here.
export fn add(a: i32, b: i32) i32 {
    return a +% b;
}

export fn factorial(n: i64) i64 {
    return if (n < 2) 1 else n *% factorial(n - 1);
}

export fn hypotenuse(a: f64, b: f64) f64 {
    return @sqrt(a * a + b * b);
}
