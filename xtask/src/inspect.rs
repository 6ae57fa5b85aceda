//! Bytes to facts.
