//! Proposals of which a module has only declarations (a type, a tag) and no instruction of its own.

use std::collections::BTreeSet;

use wasmlab_model::proposals::{EXCEPTIONS, GC};
use wasmparser::{ConstExpr, ElementItems, Encoding, FunctionBody, HeapType, Operator, Parser, Payload, Result};
use wasmparser::{OperatorsReader, TableInit, ValType};

/// Proposals that have declarations.
const DECLARING: &[&str] = &[EXCEPTIONS, "function-references", GC, "stack-switching"];

macro_rules! proposals_of_instructions {
    ($(@$proposal:ident $instruction:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// The proposal of an instruction, as wasmparser names it: `function_references`.
        fn proposal(operator: &Operator) -> &'static str {
            match operator {
                $(Operator::$instruction { .. } => stringify!($proposal),)*
                _ => "",
            }
        }
    };
}
wasmparser::for_each_operator!(proposals_of_instructions);

/// Those of `needed` that a core module only declares. Reads the code until each of them is seen in it.
pub(super) fn only(bytes: &[u8], needed: &BTreeSet<String>) -> BTreeSet<String> {
    let mut open: BTreeSet<&str> = DECLARING.iter().copied().filter(|name| needed.contains(*name)).collect();
    for payload in Parser::new(0).parse_all(bytes) {
        if open.is_empty() {
            break;
        }
        // What cannot be read is no evidence that a module only declares something.
        if !payload.is_ok_and(|payload| see(&payload, &mut open).is_ok()) {
            return BTreeSet::new();
        }
    }
    open.into_iter().map(str::to_owned).collect()
}

fn see(payload: &Payload, open: &mut BTreeSet<&str>) -> Result<()> {
    match payload {
        Payload::Version { encoding: Encoding::Component, .. } => open.clear(),
        Payload::TableSection(tables) => {
            for table in tables.clone() {
                if let TableInit::Expr(value) = table?.init {
                    see_constant(&value, open)?;
                }
            }
        }
        Payload::GlobalSection(globals) => {
            for global in globals.clone() {
                see_constant(&global?.init_expr, open)?;
            }
        }
        Payload::ElementSection(elements) => {
            for element in elements.clone() {
                if let ElementItems::Expressions(_, values) = element?.items {
                    for value in values {
                        see_constant(&value?, open)?;
                    }
                }
            }
        }
        Payload::CodeSectionEntry(body) => see_body(body, open)?,
        _ => {}
    }
    Ok(())
}

fn see_constant(value: &ConstExpr, open: &mut BTreeSet<&str>) -> Result<()> {
    see_instructions(value.get_operators_reader(), open)
}

fn see_body(body: &FunctionBody, open: &mut BTreeSet<&str>) -> Result<()> {
    for local in body.get_locals_reader()? {
        // Code that holds such a value is more than a declaration.
        if matches!(local?.1, ValType::Ref(of) if !of.is_func_ref() && !of.is_extern_ref()) {
            open.clear();
        }
    }
    see_instructions(body.get_operators_reader()?, open)
}

fn see_instructions(instructions: OperatorsReader, open: &mut BTreeSet<&str>) -> Result<()> {
    for instruction in instructions {
        let instruction = instruction?;
        match &instruction {
            // The legacy form of exceptions has this instruction, too.
            Operator::Throw { .. } => {}
            Operator::RefNull { hty } if !matches!(*hty, HeapType::FUNC | HeapType::EXTERN) => open.clear(),
            instruction => {
                let name = proposal(instruction);
                open.retain(|of| of.replace('-', "_") != name);
            }
        }
        if open.is_empty() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::needed;

    #[test]
    fn declarations_are_told_from_uses() {
        let check = |module: &str, expected: &[&str]| {
            let found = needed(&wat::parse_str(format!("(module {module})")).unwrap()).unwrap().declared_only;
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{module}");
        };
        check("(type (struct (field i32))) (func)", &["gc"]);
        check("(func (param anyref))", &["gc"]);
        check("(type $s (struct)) (func (drop (struct.new $s)))", &[]);
        check("(type $s (struct)) (func (local (ref null $s)))", &[]);
        check("(type $s (struct)) (global (ref null $s) (ref.null $s))", &[]);
        check("(tag $e)", &["exceptions"]);
        check("(tag $e) (func (throw $e))", &["exceptions"]);
        check("(tag $e) (func (block $out (try_table (catch_all $out) (throw $e))))", &[]);
        check("(type $f (func)) (func (param (ref null $f)))", &["function-references"]);
        check("(type $f (func)) (func (param (ref null $f)) (call_ref $f (local.get 0)))", &[]);
        check("(func (result i32) (i32.const 1))", &[]);
    }
}
