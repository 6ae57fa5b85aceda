//! Validates a binary's outline: everything except function bodies.

use wasmparser::{
    Chunk, Error, FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody, Parser, Payload, ValidPayload,
    Validator, ValidatorResources, WasmFeatures,
};

/// A function whose body is still to be validated.
pub(super) struct Func<'a> {
    /// Index among all bodies of the binary, including those of nested modules.
    pub(super) ordinal: usize,
    ty: u32,
    /// Index of the function in its module.
    pub(super) index: u32,
    resources: ValidatorResources,
    /// The body.
    pub(super) body: FunctionBody<'a>,
}

/// Validates the outline with the features of `set` and passes each function body to the caller.
pub(super) fn walk<'a>(
    bytes: &'a [u8],
    set: WasmFeatures,
    mut on_func: impl FnMut(Func<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut validator = Validator::new_with_features(set);
    let mut parser = Parser::new(0);
    parser.set_features(set);
    let mut ordinal = 0;
    for payload in parser.parse_all(bytes) {
        if let ValidPayload::Func(func, body) = validator.payload(&payload?)? {
            let FuncToValidate { resources, index, ty, features: _ } = func;
            on_func(Func { ordinal, ty, index, resources, body })?;
            ordinal += 1;
        }
    }
    Ok(())
}

/// Validates the outline with the features of `set`. The code of a module is skipped as a whole, since it may consist
/// of a hundred thousand bodies. The code of nested modules is read but not validated.
pub(super) fn check(bytes: &[u8], set: WasmFeatures) -> Result<(), Error> {
    let is_module = bytes.get(4..8) == Some(&[1, 0, 0, 0]);
    if is_module && check_module(bytes, set)? {
        return Ok(());
    }
    walk(bytes, set, |_| Ok(()))
}

/// Whether the module was validated to its end.
fn check_module(bytes: &[u8], set: WasmFeatures) -> Result<bool, Error> {
    let mut validator = Validator::new_with_features(set);
    let mut parser = Parser::new(0);
    parser.set_features(set);
    let mut rest = bytes;
    loop {
        // Since the parser knows that this is all the data, it never asks for more.
        let Chunk::Parsed { payload, consumed } = parser.parse(rest, true)? else { return Ok(false) };
        rest = &rest[consumed..];
        if let ValidPayload::End(_) = validator.payload(&payload)? {
            return Ok(true);
        }
        if let Payload::CodeSectionStart { size, .. } = payload {
            parser.skip_section();
            let Some(behind) = rest.get(size as usize..) else { return Ok(false) };
            rest = behind;
        }
    }
}

impl Func<'_> {
    /// Validates the body with the features of `set`, whatever its outline was validated with.
    pub(super) fn validate(&self, set: WasmFeatures, allocations: &mut FuncValidatorAllocations) -> Result<(), Error> {
        let func = FuncToValidate { resources: self.resources.clone(), index: self.index, ty: self.ty, features: set };
        let mut validator = func.into_validator(std::mem::take(allocations));
        let result = run(&mut validator, &self.body, set);
        *allocations = validator.into_allocations();
        result
    }
}

/// `FuncValidator::validate` without its self-checks, which more than double its time in a debug build.
fn run(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    set: WasmFeatures,
) -> Result<(), Error> {
    let mut reader = body.get_binary_reader();
    reader.set_features(set);
    validator.read_locals(&mut reader)?;
    while !reader.eof() {
        let offset = reader.original_position();
        reader.visit_operator(&mut validator.visitor(offset))??;
    }
    reader.finish_expression(&validator.visitor(reader.original_position()))
}
