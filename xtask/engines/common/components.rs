//! Cases about components, for engines that name the imports they lack.

use wasmlab_protocol::Cause;

use super::conformance::EngineUnderTest;
use super::conformance::harness::Cell;

/// An interface that the host lacks, and a function of another type.
pub fn missing_imports_are_named(subject: EngineUnderTest) {
    let run = |interface: &str, function: &str| {
        let wat = format!(r#"(component (import "{interface}" (instance (export {function}))))"#);
        Cell::new(subject, &wat).run().cause().clone()
    };
    let cause = run("foo:bar/baz@0.1.0", r#""f" (func)"#);
    let Cause::MissingImport { module, name, .. } = &cause else { panic!("{cause:?}") };
    assert_eq!((module.as_str(), name.as_str()), ("foo:bar/baz@0.1.0", "f"));
    let cause = run("wasi:cli/environment@0.2.0", r#""get-arguments" (func (param "x" u32))"#);
    let Cause::ImportTypeMismatch { module, name, .. } = &cause else { panic!("{cause:?}") };
    assert_eq!((module.as_str(), name.as_str()), ("wasi:cli/environment@0.2.0", "get-arguments"));
}
