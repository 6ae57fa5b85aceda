//! Segments that do not fit into the memory or table that they initialize.

use serde::{Deserialize, Serialize};

/// An active segment with a constant offset that ends beyond the memory or table that the module defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SegmentOutOfBounds {
    /// What it initializes.
    pub target: SegmentTarget,
    /// Its number among the data segments or the element segments.
    pub index: u64,
    /// Where it ends: bytes of the memory, or elements of the table.
    pub end: u64,
    /// The initial size of the memory or table, in the same unit.
    pub size: u64,
}

/// What a segment initializes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SegmentTarget {
    /// A data segment.
    Memory,
    /// An element segment.
    Table,
}

impl std::fmt::Display for SegmentOutOfBounds {
    /// `data segment 0 ends at byte 70001, and its memory begins with 65536 bytes`.
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { target, index, end, size } = self;
        match target {
            SegmentTarget::Memory => {
                write!(f, "data segment {index} ends at byte {end}, and its memory begins with {size} bytes")
            }
            SegmentTarget::Table => {
                write!(f, "element segment {index} ends at element {end}, and its table begins with {size} elements")
            }
        }
    }
}
