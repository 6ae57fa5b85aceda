//! The sections of a core module, except code and custom sections.

use std::collections::BTreeMap;

use wasmparser::{BinaryReader, Element, ExternalKind, GlobalType, MemoryType, RecGroup, TableType, TypeRef, ValType};

use super::{Cursor, ReadFailure, code, counted, quoted};
use crate::types::IndexSpaces;

/// Facts about earlier sections that later ones need.
#[derive(Default)]
pub struct State {
    /// Number of imported functions: the first defined function has this index.
    pub functions: usize,
    /// Number of imported tables.
    pub tables: usize,
    /// Number of imported memories.
    pub memories: usize,
    /// Number of imported globals.
    pub globals: usize,
    /// Instructions as text, by offset, if the whole module can be decoded.
    pub text: BTreeMap<usize, String>,
}

/// Reads the contents of a section.
pub fn section(cursor: &mut Cursor, id: u8, state: &mut State) -> Result<(), ReadFailure> {
    match id {
        1 => vector(cursor, "type", type_),
        2 => vector(cursor, "import", |cursor, at| import(cursor, at, state)),
        3 => vector(cursor, "function", |cursor, at| {
            let index = state.functions + at;
            cursor.number("a type's index", |ty| format!("function {index} has type {ty}")).map(drop)
        }),
        4 => vector(cursor, "table", |cursor, at| {
            let index = state.tables + at;
            cursor
                .read("a table", |table: &wasmparser::Table| format!("table {index}: {}", table_text(&table.ty)))
                .map(drop)
        }),
        5 => vector(cursor, "memory", |cursor, at| {
            let index = state.memories + at;
            cursor
                .read("a memory", |memory: &MemoryType| format!("memory {index}: {}", text(&TypeRef::Memory(*memory))))
                .map(drop)
        }),
        6 => vector(cursor, "global", |cursor, at| {
            let index = state.globals + at;
            cursor.read("a global's type", |ty: &GlobalType| {
                format!("global {index}: {}", text(&TypeRef::Global(*ty)))
            })?;
            cursor.nested(|cursor| code::expression(cursor, &state.text))
        }),
        7 => vector(cursor, "export", export),
        8 => cursor.number("a function's index", |index| format!("start: function {index}")).map(drop),
        9 => vector(cursor, "element segment", |cursor, at| element(cursor, at, state)),
        10 => {
            let first = state.functions;
            vector(cursor, "function body", |cursor, at| code::body(cursor, first + at, &state.text))
        }
        11 => vector(cursor, "data segment", |cursor, at| data(cursor, at, state)),
        12 => cursor.number("a count", |count| counted(count as usize, "data segment")).map(drop),
        13 => vector(cursor, "tag", |cursor, at| {
            cursor
                .read("a tag", |tag: &wasmparser::TagType| format!("tag {at} of type {}", tag.func_type_idx))
                .map(drop)
        }),
        _ => Ok(()),
    }
}

/// A count, followed by that many items.
pub fn vector(
    cursor: &mut Cursor,
    what: &str,
    mut item: impl FnMut(&mut Cursor, usize) -> Result<(), ReadFailure>,
) -> Result<(), ReadFailure> {
    let plural = |count: usize| match (count, what) {
        (0 | 2.., "memory") => format!("{count} memories"),
        (0 | 2.., "function body") => format!("{count} function bodies"),
        _ => counted(count, what),
    };
    let count = cursor.number("a count", |count| plural(count as usize))?;
    cursor.nested(|cursor| (0..count as usize).try_for_each(|at| item(cursor, at)))
}

fn text(ty: &TypeRef) -> String {
    IndexSpaces::default().text(ty)
}

fn table_text(ty: &TableType) -> String {
    text(&TypeRef::Table(*ty))
}

fn types(cursor: &mut Cursor, what: &str) -> Result<(), ReadFailure> {
    let read = |reader: &mut BinaryReader| {
        let count = reader.read_var_u32()?;
        (0..count).map(|_| Ok(reader.read::<ValType>()?.to_string())).collect::<wasmparser::Result<Vec<String>>>()
    };
    let meaning = |types: &Vec<String>| match types.len() {
        0 => format!("no {what}s"),
        // A line with many types is cut when it is printed.
        count => format!("{}: {}", counted(count, what), types.iter().take(16).cloned().collect::<Vec<_>>().join(" ")),
    };
    cursor.item(&format!("a list of {what}s"), read, meaning).map(drop)
}

fn type_(cursor: &mut Cursor, at: usize) -> Result<(), ReadFailure> {
    match cursor.rest().first() {
        Some(0x60) => {
            cursor.note(1, format!("type {at}: a function"));
            cursor.nested(|cursor| {
                types(cursor, "parameter")?;
                types(cursor, "result")
            })
        }
        Some(0x4e) => cursor
            .read("a group of types", |group: &RecGroup| format!("a group of {}", counted(group.types().len(), "type")))
            .map(drop),
        Some(0x4d..=0x50 | 0x5e | 0x5f) => {
            cursor.read("a type", |_: &RecGroup| format!("entry {at}: a struct, an array or a subtype")).map(drop)
        }
        Some(other) => Err(format!("expected a type, but none begins with {other:02x} (60: a function)")),
        None => Err("expected a type, but the section ends here".to_owned()),
    }
}

fn import(cursor: &mut Cursor, at: usize, state: &mut State) -> Result<(), ReadFailure> {
    cursor.name(&format!("import {at}: module"))?;
    cursor.nested(|cursor| {
        cursor.name("name")?;
        let meaning = |ty: &TypeRef| match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => format!("function {} has type {ty}", state.functions),
            other => text(other),
        };
        let ty = cursor.read("a kind and a type", meaning)?;
        match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => state.functions += 1,
            TypeRef::Table(_) => state.tables += 1,
            TypeRef::Memory(_) => state.memories += 1,
            TypeRef::Global(_) => state.globals += 1,
            TypeRef::Tag(_) => {}
        }
        Ok(())
    })
}

fn export(cursor: &mut Cursor, at: usize) -> Result<(), ReadFailure> {
    cursor.name(&format!("export {at}: name"))?;
    cursor.nested(|cursor| {
        let read = |reader: &mut BinaryReader| Ok((reader.read::<ExternalKind>()?, reader.read_var_u32()?));
        let meaning = |(kind, index): &(ExternalKind, u32)| {
            let kind = match kind {
                ExternalKind::Func | ExternalKind::FuncExact => "function",
                ExternalKind::Table => "table",
                ExternalKind::Memory => "memory",
                ExternalKind::Global => "global",
                ExternalKind::Tag => "tag",
            };
            format!("{kind} {index}")
        };
        cursor.item("a kind and an index", read, meaning).map(drop)
    })
}

fn element(cursor: &mut Cursor, at: usize, state: &State) -> Result<(), ReadFailure> {
    if cursor.rest().first() != Some(&0) {
        return cursor.read("a segment", |_: &Element| format!("segment {at}")).map(drop);
    }
    cursor.note(1, format!("segment {at}: for table 0, at the offset"));
    cursor.nested(|cursor| {
        code::expression(cursor, &state.text)?;
        vector(cursor, "function", |cursor, _| cursor.number("an index", |index| format!("function {index}")).map(drop))
    })
}

fn data(cursor: &mut Cursor, at: usize, state: &State) -> Result<(), ReadFailure> {
    let kind = cursor.number("a segment's kind", |kind| match kind {
        0 => format!("segment {at}: for memory 0, at the address"),
        1 => format!("segment {at}: passive, copied by an instruction"),
        2 => format!("segment {at}: for a memory, at an address"),
        other => format!("segment {at} of kind {other}"),
    })?;
    cursor.nested(|cursor| {
        match kind {
            0 => code::expression(cursor, &state.text)?,
            1 => {}
            2 => {
                cursor.number("a memory's index", |memory| format!("memory {memory}"))?;
                code::expression(cursor, &state.text)?;
            }
            other => return Err(format!("no segment has the kind {other}")),
        }
        let length = cursor.number("a size", |size| format!("size: {}", counted(size as usize, "byte")))? as usize;
        if length > cursor.rest().len() {
            return Err(format!("{} are expected", counted(length, "byte")));
        }
        if length > 0 {
            let text = String::from_utf8_lossy(&cursor.rest()[..length]).into_owned();
            cursor.note(length, quoted(&text));
        }
        Ok(())
    })
}
