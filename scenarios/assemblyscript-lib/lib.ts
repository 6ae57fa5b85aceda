export function add(a: i32, b: i32): i32 {
  return a + b;
}

export function half(x: f64): f64 {
  return x / 2;
}
