//! Bytes to [`Facts`]: pure, no engine, no I/O.

use crate::model::facts::Facts;
