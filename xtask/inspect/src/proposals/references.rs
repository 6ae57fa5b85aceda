//! How much of `function-references` a module uses: some runtimes read `(ref extern)` and lack the rest.

use wasmparser::{BlockType, HeapType, Operator, Parser, Payload, RefType, Result, TypeRef, ValType};

/// Whether a module uses more of `function-references` than the type `(ref extern)`.
pub(super) fn uses_more_than_externref(bytes: &[u8]) -> bool {
    // If something cannot be read, nothing shows that the module uses less.
    Parser::new(0).parse_all(bytes).any(|payload| payload.and_then(|payload| uses_more(&payload)).unwrap_or(true))
}

fn uses_more(payload: &Payload) -> Result<bool> {
    match payload {
        Payload::TypeSection(types) => {
            for ty in types.clone().into_iter_err_on_gc_types() {
                let ty = ty?;
                if ty.params().iter().chain(ty.results()).any(|ty| is_other(*ty)) {
                    return Ok(true);
                }
            }
        }
        Payload::ImportSection(imports) => {
            for import in imports.clone().into_imports() {
                match import?.ty {
                    TypeRef::Global(global) if is_other(global.content_type) => return Ok(true),
                    TypeRef::Table(table) if is_other_reference(table.element_type) => return Ok(true),
                    _ => {}
                }
            }
        }
        Payload::TableSection(tables) => {
            for table in tables.clone() {
                if is_other_reference(table?.ty.element_type) {
                    return Ok(true);
                }
            }
        }
        Payload::GlobalSection(globals) => {
            for global in globals.clone() {
                if is_other(global?.ty.content_type) {
                    return Ok(true);
                }
            }
        }
        Payload::CodeSectionEntry(body) => {
            for local in body.get_locals_reader()? {
                if is_other(local?.1) {
                    return Ok(true);
                }
            }
            for operator in body.get_operators_reader()? {
                if is_more(&operator?) {
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

fn is_more(operator: &Operator) -> bool {
    match operator {
        Operator::CallRef { .. }
        | Operator::ReturnCallRef { .. }
        | Operator::RefAsNonNull
        | Operator::BrOnNull { .. }
        | Operator::BrOnNonNull { .. }
        | Operator::RefNull { hty: HeapType::Concrete(_) | HeapType::Exact(_) } => true,
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            matches!(blockty, BlockType::Type(ty) if is_other(*ty))
        }
        Operator::TypedSelect { ty } => is_other(*ty),
        _ => false,
    }
}

fn is_other(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(reference) if is_other_reference(reference))
}

fn is_other_reference(reference: RefType) -> bool {
    match reference.heap_type() {
        HeapType::Concrete(_) | HeapType::Exact(_) => true,
        HeapType::Abstract { .. } => !reference.is_nullable() && !reference.is_extern_ref(),
    }
}
