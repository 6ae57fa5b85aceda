//! Plain data types of the lab: no I/O, no behaviour beyond names and ordering.

pub mod assertions;
pub mod checks;
pub mod codes;
pub mod exports;
pub mod facts;
pub mod file_error;
pub mod interface_version;
pub mod missing_feature;
pub mod names;
pub mod observation;
pub mod phrases;
pub mod prediction;
pub mod profile;
pub mod proposals;
pub mod remedy;
pub mod report;
pub mod scenario;
pub mod shell;
pub mod similar;
pub mod subjects;
pub mod text;
pub mod verdict;
pub mod version;
pub mod wasi;

/// For serde: leaves out values that say nothing, such as zero costs of a cell that was not measured.
#[must_use]
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
