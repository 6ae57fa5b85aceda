//! Reads everything except code: imports, exports, sections, sizes, producers.

use wasmparser::{
    Chunk, ComponentExternalKind, ComponentTypeRef, CustomSectionReader, Encoding, ExternalKind, KnownCustom, Parser,
    Payload, Result, TypeRef,
};

use super::component::Component;
use super::types::IndexSpaces;
use super::{InspectError, abi, header};
use wasmlab_model::facts::{
    BinaryKind, Export, Facts, Import, Producer, Rejection, RejectionKind, Section, Shape, Sizes,
};

/// Reads everything except code; [`Facts::proposals`] stays empty.
///
/// # Errors
/// If one of these parts is malformed.
pub fn outline(bytes: &[u8]) -> std::result::Result<Facts, InspectError> {
    read(bytes).map(|(facts, _)| facts)
}

/// The same, and whether a memory is shared.
pub fn read(bytes: &[u8]) -> std::result::Result<(Facts, bool), InspectError> {
    if let Some((kind, rejection)) = header::check(bytes)? {
        return Ok((rejected_facts(bytes, kind, rejection), false));
    }
    let mut reader = Reader::default();
    reader.binary(bytes, 0)?;
    reader.sizes.total = bytes.len() as u64;
    let kind = reader.kind.unwrap_or(BinaryKind::Module);
    let abis = abi::classify(kind, reader.dynamic, &reader.imports, &reader.exports, &reader.producers);
    let facts = Facts {
        shape: shape(&reader, kind),
        abis,
        imports: reader.imports,
        exports: reader.exports,
        sections: reader.sections,
        sizes: reader.sizes,
        target_features: reader.target_features,
        producers: reader.producers,
        ..no_facts(kind)
    };
    Ok((facts, reader.shares_memory))
}

/// The facts of a binary with another format version, or with constructs that no current format has.
pub fn rejected_facts(bytes: &[u8], kind: BinaryKind, rejection: Rejection) -> Facts {
    let sizes = Sizes { total: bytes.len() as u64, ..Sizes::default() };
    Facts { sizes, rejection: Some(rejection), ..no_facts(kind) }
}

fn no_facts(kind: BinaryKind) -> Facts {
    Facts {
        kind,
        shape: Shape::Library,
        abis: Vec::new(),
        proposals: Default::default(),
        imports: Vec::new(),
        exports: Vec::new(),
        sections: Vec::new(),
        sizes: Sizes::default(),
        target_features: Vec::new(),
        producers: Vec::new(),
        rejection: None,
        first_uses: Default::default(),
        mixes_exceptions: false,
        only_non_null_externref: false,
        declared_only: Default::default(),
        unshared_atomics: false,
        atomic_wait: false,
        limited_counts: Default::default(),
        segments_out_of_bounds: Vec::new(),
    }
}

fn shape(reader: &Reader, kind: BinaryKind) -> Shape {
    let exports = |name: &str| reader.exports.iter().any(|e| e.name == name);
    match kind {
        BinaryKind::Component if reader.exports.iter().any(|e| e.name.starts_with("wasi:cli/run@")) => Shape::Command,
        BinaryKind::Component if reader.exports.iter().any(|e| e.ty == "instance") => Shape::Reactor,
        BinaryKind::Component => Shape::Library,
        BinaryKind::Module if reader.object => Shape::Object,
        BinaryKind::Module if reader.dynamic && !is_main(&reader.imports) => Shape::SideModule,
        BinaryKind::Module if is_program(&reader.exports, &reader.imports) => Shape::Command,
        BinaryKind::Module if exports("_initialize") => Shape::Reactor,
        BinaryKind::Module => Shape::Library,
    }
}

/// Whether a module has an entry point of a program: WASI's own, one that a toolchain's JavaScript calls, or the one
/// that a component lifts.
fn is_program(exports: &[Export], imports: &[Import]) -> bool {
    // Emscripten before 1.39 calls `_main`; later releases call `main`, `__main_argc_argv` or `__main_void`.
    const ENTRY_POINTS: &[&str] = &["_start", "_main", "main", "__main_argc_argv", "__main_void"];
    let of_go = imports.iter().any(|i| matches!(i.module.as_str(), "gojs" | "go"));
    let is_entry = |name: &str| {
        let lifted = name.starts_with("wasi:cli/run@") && name.ends_with("#run");
        ENTRY_POINTS.contains(&name) || lifted || (of_go && name == "run")
    };
    exports.iter().any(|export| export.signature.is_some() && is_entry(&export.name))
}

/// Whether a module for dynamic linking is the main module, into which others are loaded. It contains Emscripten's C
/// library, which imports from the glue whatever exists only once per program.
fn is_main(imports: &[Import]) -> bool {
    let whole = |i: &Import| match i.module.as_str() {
        "env" => matches!(i.name.as_str(), "_abort_js" | "emscripten_resize_heap"),
        "GOT.mem" => matches!(i.name.as_str(), "__stack_low" | "__stack_high"),
        _ => false,
    };
    imports.iter().any(whole)
}

#[derive(Default)]
struct Reader {
    kind: Option<BinaryKind>,
    imports: Vec<Import>,
    exports: Vec<Export>,
    sections: Vec<Section>,
    sizes: Sizes,
    target_features: Vec<String>,
    producers: Vec<Producer>,
    object: bool,
    dynamic: bool,
    shares_memory: bool,
    /// Types and functions of the outermost component.
    component: Component,
    /// Nesting depth: 0 for the file itself. Nested binaries contribute sizes and producers but no imports.
    depth: usize,
}

/// Maximum number of imports or exports that engines accept; a module with more fails validation.
const MAX_NAMED: usize = 1_000_000;
/// Sections listed individually; the sizes include all of them.
const MAX_SECTIONS: usize = 10_000;
/// Producers and target features, of which real modules have about a dozen.
const MAX_PRODUCERS: usize = 1_000;

/// Maximum nesting depth, which bounds the recursion.
pub const MAX_DEPTH: usize = 100;

/// The facts of a component that is nested too deeply to be read.
pub fn too_deep_facts(bytes: &[u8], error: &InspectError) -> Option<Facts> {
    let (kind, subject) = (RejectionKind::ImplementationLimit, "nesting".to_owned());
    let rejection = || Rejection { kind, subject, message: error.to_string() };
    matches!(error, InspectError::TooDeep).then(|| rejected_facts(bytes, BinaryKind::Component, rejection()))
}

impl Reader {
    /// Reads a module or component that starts at file offset `base`.
    fn binary(&mut self, bytes: &[u8], base: u64) -> Result<(), InspectError> {
        if self.depth > MAX_DEPTH {
            return Err(InspectError::TooDeep);
        }
        let mut parser = Parser::new(base);
        let mut rest = bytes;
        let mut spaces = IndexSpaces::default();
        loop {
            let (payload, consumed) = match parser.parse(rest, true)? {
                Chunk::Parsed { payload, consumed } => (payload, consumed),
                // Since the parser knows that this is all the data, it never asks for more.
                Chunk::NeedMoreData(_) => {
                    let (offset, message) = (base + bytes.len() as u64, "the file ends early".to_owned());
                    return Err(InspectError::Malformed { offset, message });
                }
            };
            rest = &rest[consumed..];
            if let Some((id, range)) = payload.as_section()
                && self.depth == 0
                && self.sections.len() < MAX_SECTIONS
            {
                let name = section_name(&payload, id);
                self.sections.push(Section { name, offset: range.start, bytes: range.end - range.start });
            }
            let inner = match &payload {
                Payload::End(_) => {
                    self.shares_memory |= spaces.memories.iter().any(|memory| memory.shared);
                    return Ok(());
                }
                Payload::CodeSectionStart { size, .. } => {
                    parser.skip_section();
                    self.sizes.code += u64::from(*size);
                    rest = rest.get(*size as usize..).ok_or_else(|| truncated(base, bytes))?;
                    None
                }
                Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                    Some(unchecked_range.clone())
                }
                other => {
                    self.payload(other, &mut spaces)?;
                    None
                }
            };
            if let Some(range) = inner {
                let size = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
                let nested = rest.get(..size).ok_or_else(|| truncated(base, bytes))?;
                self.depth += 1;
                self.binary(nested, range.start)?;
                self.depth -= 1;
                rest = &rest[size..];
            }
        }
    }

    fn payload(&mut self, payload: &Payload, spaces: &mut IndexSpaces) -> Result<()> {
        if self.depth == 0 {
            self.component.section(payload)?;
        }
        match payload {
            Payload::Version { encoding, .. } if self.depth == 0 => {
                self.kind = Some(match encoding {
                    Encoding::Module => BinaryKind::Module,
                    Encoding::Component => BinaryKind::Component,
                });
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    spaces.add(&import.ty);
                    // Imports and exports of nested binaries are not listed, so their types need no text.
                    if self.depth == 0 {
                        self.import(import.module, import.name, spaces.text(&import.ty), Vec::new());
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    self.core_export(export.name, export.kind, export.index, spaces);
                }
            }
            Payload::DataSection(data) => self.sizes.data += data.range().end - data.range().start,
            Payload::CustomSection(custom) => self.custom(custom),
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    let import = import?;
                    if self.depth == 0 {
                        let functions = self.component.functions_of(&import.ty);
                        self.import("", import.name.name, component_type(&import.ty).to_owned(), functions);
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    if self.depth == 0 {
                        let ty = component_kind(export.kind).to_owned();
                        let signature = self.component.signature(&export);
                        self.export(Export { name: export.name.name.to_owned(), ty, signature });
                    }
                }
            }
            definitions => add_definitions(definitions, spaces)?,
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, ty: String, functions: Vec<String>) {
        if self.imports.len() < MAX_NAMED {
            self.imports.push(Import { module: module.to_owned(), name: name.to_owned(), ty, functions });
        }
    }

    fn export(&mut self, export: Export) {
        if self.exports.len() < MAX_NAMED {
            self.exports.push(export);
        }
    }

    fn core_export(&mut self, name: &str, kind: ExternalKind, index: u32, spaces: &IndexSpaces) {
        if self.depth > 0 {
            return;
        }
        let at = index as usize;
        // An invalid index is the validator's concern; only the kind is recorded here.
        let (ty, signature) = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                let ty = spaces.functions.get(at).copied();
                (ty.map(TypeRef::Func), ty.and_then(|t| spaces.signature(t)))
            }
            ExternalKind::Table => (spaces.tables.get(at).copied().map(TypeRef::Table), None),
            ExternalKind::Memory => (spaces.memories.get(at).copied().map(TypeRef::Memory), None),
            ExternalKind::Global => (spaces.globals.get(at).copied().map(TypeRef::Global), None),
            ExternalKind::Tag => (None, None),
        };
        let tag = (kind == ExternalKind::Tag).then(|| {
            let params = spaces.tags.get(at).and_then(|t| spaces.signature(*t)).map(|s| s.params.join(", "));
            format!("tag ({})", params.unwrap_or_default())
        });
        let ty = tag.unwrap_or_else(|| ty.map_or_else(|| format!("{kind:?}").to_lowercase(), |t| spaces.text(&t)));
        self.export(Export { name: name.to_owned(), ty, signature });
    }

    fn custom(&mut self, custom: &CustomSectionReader) {
        let bytes = custom.range().end - custom.range().start;
        let name = custom.name();
        match name {
            "name" | "component-name" => self.sizes.names += bytes,
            "sourceMappingURL" | "external_debug_info" => self.sizes.debug += bytes,
            _ if name.starts_with(".debug_") => self.sizes.debug += bytes,
            _ => self.sizes.custom += bytes,
        }
        match name {
            "linking" if self.depth == 0 => self.object = true,
            "dylink" | "dylink.0" if self.depth == 0 => self.dynamic = true,
            // A malformed custom section does not make a module invalid: the specification says to ignore it.
            "target_features" => {
                let features = target_features(custom).unwrap_or_default();
                let room = MAX_PRODUCERS.saturating_sub(self.target_features.len());
                self.target_features.extend(features.into_iter().take(room));
            }
            "producers" => {
                if let KnownCustom::Producers(_) = custom.as_known() {
                    for producer in producers(custom).unwrap_or_default() {
                        if self.producers.len() < MAX_PRODUCERS && !self.producers.contains(&producer) {
                            self.producers.push(producer);
                        }
                    }
                }
            }
            _ => {}
        }
        if self.depth > 0 {
            self.target_features.sort();
            self.target_features.dedup();
        }
    }
}

/// Adds what a section of a core module defines to its index spaces.
fn add_definitions(payload: &Payload, spaces: &mut IndexSpaces) -> Result<()> {
    match payload {
        Payload::TypeSection(types) => types.clone().into_iter().try_for_each(|group| spaces.add_types(group)),
        Payload::FunctionSection(s) => s.clone().into_iter().try_for_each(|i| i.map(|i| spaces.functions.push(i))),
        Payload::TableSection(s) => s.clone().into_iter().try_for_each(|t| t.map(|t| spaces.tables.push(t.ty))),
        Payload::MemorySection(s) => s.clone().into_iter().try_for_each(|m| m.map(|m| spaces.memories.push(m))),
        Payload::TagSection(s) => s.clone().into_iter().try_for_each(|t| t.map(|t| spaces.tags.push(t.func_type_idx))),
        Payload::GlobalSection(s) => s.clone().into_iter().try_for_each(|g| g.map(|g| spaces.globals.push(g.ty))),
        _ => Ok(()),
    }
}

fn truncated(base: u64, bytes: &[u8]) -> InspectError {
    InspectError::Malformed { offset: base + bytes.len() as u64, message: "a section ends after the file".to_owned() }
}

/// The features in the section: a count, then a prefix character and a name for each. Source: tool-conventions,
/// Linking.md, "Target Features Section".
fn target_features(custom: &CustomSectionReader) -> Result<Vec<String>> {
    let mut reader = wasmparser::BinaryReader::new(custom.data(), custom.data_offset());
    let count = reader.read_var_u32()?;
    (0..count)
        .take(MAX_PRODUCERS)
        .map(|_| {
            let prefix = char::from(reader.read_u8()?);
            Ok(format!("{prefix}{}", reader.read_string()?))
        })
        .collect()
}

fn producers(custom: &CustomSectionReader) -> Result<Vec<Producer>> {
    let KnownCustom::Producers(fields) = custom.as_known() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for field in fields {
        let field = field?;
        for value in field.values.into_iter().take(MAX_PRODUCERS.saturating_sub(found.len())) {
            let value = value?;
            let (name, version) = (value.name.to_owned(), value.version.to_owned());
            found.push(Producer { field: field.name.to_owned(), name, version });
        }
    }
    Ok(found)
}

fn component_type(ty: &ComponentTypeRef) -> &'static str {
    component_kind(ty.kind())
}

fn component_kind(kind: ComponentExternalKind) -> &'static str {
    match kind {
        ComponentExternalKind::Module => "core module",
        ComponentExternalKind::Func => "func",
        ComponentExternalKind::Value => "value",
        ComponentExternalKind::Type => "type",
        ComponentExternalKind::Instance => "instance",
        ComponentExternalKind::Component => "component",
    }
}

fn section_name(payload: &Payload, id: u8) -> String {
    let name = match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) | Payload::ComponentImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::TagSection(_) => "tag",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) | Payload::ComponentExportSection(_) => "export",
        Payload::StartSection { .. } | Payload::ComponentStartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::DataSection(_) => "data",
        Payload::CodeSectionStart { .. } => "code",
        Payload::ModuleSection { .. } => "core module",
        Payload::InstanceSection(_) => "core instance",
        Payload::CoreTypeSection(_) => "core type",
        Payload::ComponentSection { .. } => "component",
        Payload::ComponentInstanceSection(_) => "instance",
        Payload::ComponentAliasSection(_) => "alias",
        Payload::ComponentTypeSection(_) => "component type",
        Payload::ComponentCanonicalSection(_) => "canonical function",
        Payload::CustomSection(custom) => return format!("custom {:?}", custom.name()),
        _ => return format!("unknown section {id}"),
    };
    name.to_owned()
}
