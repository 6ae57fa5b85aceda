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
pub mod remedy;
pub mod report;
pub mod scenario;
pub mod shell;
pub mod similar;
pub mod text;
pub mod verdict;
pub mod version;

#[cfg(test)]
mod tests;
