//! What each proposal's own construct needs.

use super::minimal;

fn check(wat: &str, expected: &[&str]) {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{wat}: {error}"));
    let found = minimal(&bytes).unwrap_or_else(|error| panic!("{wat}: {error}"));
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, expected, "{wat}");
}

#[test]
fn mvp() {
    check("(module)", &[]);
    check("(module (global (mut i32) (i32.const 0)) (func (export \"f\") (result f32) f32.const 1))", &[]);
}
