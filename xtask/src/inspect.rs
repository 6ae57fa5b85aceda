//! placeholder
pub mod proposals;
use crate::model::facts::*;
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InspectError(String);
pub fn outline(_b: &[u8]) -> Result<Facts, InspectError> { Err(InspectError("x".into())) }
pub fn facts(_b: &[u8]) -> Result<Facts, InspectError> { Ok(Facts{kind:Kind::Module,shape:Shape::Command,abis:vec![],proposals:Default::default(),imports:vec![],exports:vec![],sections:vec![],sizes:Sizes::default(),target_features:vec![],producers:vec![]}) }
pub fn wat(_b: &[u8]) -> Result<String, InspectError> { Err(InspectError("x".into())) }
