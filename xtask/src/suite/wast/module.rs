//! Facts about a module in a `.wast` file: its exports' types, its imports, and which of its functions change the state
//! of an instance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, FuncType, FunctionBody, Operator, Parser, Payload, TypeRef,
    ValType,
};

use crate::suite::fields::one_line;

/// The functions that the specification's tests import from its host module `spectest`. Each takes arguments, prints
/// them, and returns nothing, as a host function of the lab does.
const SPECTEST: &[&str] =
    &["print", "print_i32", "print_i64", "print_f32", "print_f64", "print_i32_f32", "print_f64_f64"];

/// A module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The binary.
    pub bytes: Arc<[u8]>,
    /// Number of its types.
    pub types: u32,
    /// Number of its functions, with those that it imports.
    pub functions: u32,
    /// Its exports.
    pub exports: BTreeMap<String, WastExport>,
    /// The functions that it imports from `spectest`, as `module.name`.
    pub host_functions: Vec<String>,
    /// The first of its other imports, as messages show it.
    pub other_import: Option<String>,
}

/// An export that a test can use.
#[derive(Clone, Debug)]
pub enum WastExport {
    /// A function.
    Function {
        /// Its index.
        index: u32,
        /// Its type.
        ty: FuncType,
        /// Whether a call of it may change the state of its instance.
        changes_state: bool,
    },
    /// A global.
    Global {
        /// Its index.
        index: u32,
        /// Its type.
        ty: ValType,
    },
}

/// State while reading, before the exports are known.
#[derive(Default)]
struct Reading {
    types: Vec<Option<FuncType>>,
    functions: Vec<u32>,
    imported: usize,
    globals: Vec<ValType>,
    exports: Vec<(String, ExternalKind, u32)>,
    effects: Vec<Effects>,
}

/// A function's effects on its instance.
#[derive(Clone, Debug, Default)]
struct Effects {
    changes_state: bool,
    calls: BTreeSet<u32>,
    /// It calls functions that only running it shows.
    calls_any: bool,
}

impl Module {
    /// Reads a valid module.
    ///
    /// # Errors
    /// If the lab's reader cannot read it.
    pub fn read(bytes: Vec<u8>) -> Result<Self, BinaryReaderError> {
        let mut reading = Reading::default();
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(&bytes) {
            reading.section(payload?, &mut module)?;
        }
        module.types = count(reading.types.len());
        module.functions = count(reading.functions.len());
        let changing = reading.changing();
        for (name, kind, index) in &reading.exports {
            let export = match kind {
                ExternalKind::Func | ExternalKind::FuncExact => reading.function(*index, &changing),
                ExternalKind::Global => {
                    reading.globals.get(*index as usize).map(|ty| WastExport::Global { index: *index, ty: *ty })
                }
                _ => None,
            };
            module.exports.extend(export.map(|export| (name.clone(), export)));
        }
        Ok(Self { bytes: bytes.into(), ..module })
    }
}

impl Reading {
    fn section(&mut self, payload: Payload, module: &mut Module) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let name = || format!("{}.{}", import.module, import.name);
                    match import.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.functions.push(ty);
                            self.imported += 1;
                        }
                        TypeRef::Global(ty) => self.globals.push(ty.content_type),
                        _ => {}
                    }
                    let is_function = matches!(import.ty, TypeRef::Func(_));
                    let of_host = is_function && import.module == "spectest" && SPECTEST.contains(&import.name);
                    if !of_host {
                        module.other_import.get_or_insert_with(|| one_line(&name()));
                    } else if !module.host_functions.contains(&name()) {
                        module.host_functions.push(name());
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?.ty.content_type);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports.push((export.name.to_owned(), export.kind, export.index));
                }
            }
            Payload::CodeSectionEntry(body) => self.effects.push(Effects::of(&body)?),
            _ => {}
        }
        Ok(())
    }

    fn function(&self, index: u32, changing: &[bool]) -> Option<WastExport> {
        let ty = *self.functions.get(index as usize)?;
        let ty = self.types.get(ty as usize)?.clone()?;
        let defined_index = (index as usize).checked_sub(self.imported);
        let changes_state = defined_index.is_some_and(|index| changing.get(index).copied().unwrap_or(true));
        Some(WastExport::Function { index, ty, changes_state })
    }

    /// Which of the module's own functions may change state, themselves or by what they call.
    fn changing(&self) -> Vec<bool> {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.effects.len()];
        let mut found: Vec<usize> = Vec::new();
        for (caller, effects) in self.effects.iter().enumerate() {
            let defined = effects.calls.iter().filter_map(|callee| (*callee as usize).checked_sub(self.imported));
            let mut calls_unknown = false;
            for callee in defined {
                match callers.get_mut(callee) {
                    Some(callers) => callers.push(caller),
                    None => calls_unknown = true,
                }
            }
            if effects.changes_state || calls_unknown {
                found.push(caller);
            }
        }
        if !found.is_empty() {
            let calls_any = self.effects.iter().enumerate().filter(|(_, effects)| effects.calls_any);
            found.extend(calls_any.map(|(index, _)| index));
        }
        let mut changing = vec![false; self.effects.len()];
        // From each function that changes state to its callers.
        while let Some(index) = found.pop() {
            if !std::mem::replace(&mut changing[index], true) {
                found.append(&mut callers[index]);
            }
        }
        changing
    }
}

impl Effects {
    fn of(body: &FunctionBody) -> Result<Self, BinaryReaderError> {
        let mut effects = Self::default();
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            match operators.read()? {
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    effects.calls.insert(function_index);
                }
                operator => {
                    let name = format!("{operator:?}");
                    let name = name.split([' ', '{', '(']).next().unwrap_or_default();
                    effects.calls_any |= name.starts_with("Call") || name.starts_with("ReturnCall");
                    effects.changes_state |= changes_state(name);
                }
            }
        }
        Ok(effects)
    }
}

/// Whether the operator of this name changes a memory, table, global, segment or object.
fn changes_state(operator: &str) -> bool {
    const PARTS: &[&str] =
        &["Store", "Grow", "Fill", "Copy", "Init", "Rmw", "Discard", "Resume", "Suspend", "Switch", "Cmpxchg"];
    let is_set = operator.contains("Set") && operator != "LocalSet";
    is_set || matches!(operator, "DataDrop" | "ElemDrop") || PARTS.iter().any(|part| operator.contains(part))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Module, WastExport};

    fn read(text: &str) -> Module {
        Module::read(wat::parse_str(text).unwrap()).unwrap()
    }

    #[test]
    fn functions_that_change_state_are_found_through_their_calls() {
        let module = read(
            r#"(module
                (import "spectest" "print_i32" (func $print (param i32)))
                (memory 1) (table 1 funcref) (global $g (mut i32) (i32.const 0)) (elem declare func $pure)
                (func $pure (export "pure") (result i32) (local i32) (local.set 0 (i32.const 1)) (local.get 0))
                (func (export "prints") (call $print (call $pure)))
                (func $store (export "store") (i32.store (i32.const 0) (i32.const 1)))
                (func (export "calls-store") (call $store))
                (func (export "sets") (global.set $g (i32.const 1)))
                (func (export "indirect") (call_indirect (i32.const 0)))
                (func (export "loads") (result i32) (i32.load (i32.const 0)))
                (func (export "recurses") (result i32) (call 7)))"#,
        );
        let changing: Vec<&str> = module
            .exports
            .iter()
            .filter(|(_, export)| matches!(export, WastExport::Function { changes_state: true, .. }))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(changing, ["calls-store", "indirect", "sets", "store"]);
        assert_eq!(module.host_functions, ["spectest.print_i32"]);
        // Without any function that changes state, an indirect call cannot find one.
        let module = read(r#"(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 0))))"#);
        assert!(matches!(module.exports["f"], WastExport::Function { changes_state: false, .. }));
    }

    /// A chain of calls whose last function changes state: one pass over all functions for each call would take minutes.
    #[test]
    fn a_long_chain_of_calls_is_followed() {
        const FUNCTIONS: usize = 60_000;
        let calls: String = (1..FUNCTIONS).map(|next| format!("(func (call {next}))")).collect();
        let text = format!("(module (memory 1) (export \"f\" (func 0)) {calls} (func (data.drop 0)) (data \"\"))");
        assert!(matches!(read(&text).exports["f"], WastExport::Function { changes_state: true, .. }));
    }

    #[test]
    fn imports_are_the_hosts_or_anothers() {
        let module = read(
            r#"(module (import "spectest" "print" (func)) (import "spectest" "memory" (memory 1)) (import "M" "f" (func)))"#,
        );
        assert_eq!(module.host_functions, ["spectest.print"]);
        assert_eq!(module.other_import.as_deref(), Some("spectest.memory"));
    }
}
