//! temporary
use std::collections::BTreeSet;
/// e
#[derive(Debug)]
pub enum ProposalsError {
    /// m
    Malformed {
        /// o
        offset: u64,
        /// m
        message: String,
    },
    /// i
    Invalid {
        /// o
        offset: u64,
        /// m
        message: String,
    },
}
/// m
pub fn minimal(b: &[u8]) -> Result<BTreeSet<String>, ProposalsError> {
    use wasmparser::*;
    let mut all = WasmFeatures::all();
    let e = |e: BinaryReaderError| ProposalsError::Invalid { offset: e.offset(), message: e.message().into() };
    Validator::new_with_features(all).validate_all(b).map_err(e)?;
    let mut s = BTreeSet::new();
    for (n, f) in WasmFeatures::all().iter_names() {
        if n == "FLOATS" || n == "GC_TYPES" {
            continue;
        }
        let w = all - f;
        if Validator::new_with_features(w).validate_all(b).is_ok() {
            all = w
        } else {
            s.insert(n.to_lowercase().replace('_', "-"));
        }
    }
    Ok(s)
}
