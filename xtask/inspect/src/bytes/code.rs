//! Function bodies and constant expressions, instruction by instruction.

use std::collections::BTreeMap;

use wasmparser::{BinaryReader, OperatorsReader, ValType};

use super::sections::vector;
use super::{Cursor, ReadFailure, counted};

/// The text of each instruction by its offset in the file, as the text format writes it; empty if the module, whose
/// first byte has the offset `base`, cannot be decoded as a whole.
pub fn text_by_offset(module: &[u8], base: usize) -> BTreeMap<usize, String> {
    let mut storage = String::new();
    let Ok(lines) = wasmprinter::Config::new().offsets_and_lines(module, &mut storage) else {
        return BTreeMap::new();
    };
    let text = |(offset, line): (Option<u64>, &str)| {
        // Labels and offsets are comments; definitions begin with a parenthesis.
        let text = line.split(";;").next().unwrap_or_default().trim();
        let is_instruction = text.starts_with(|c: char| c.is_ascii_lowercase());
        Some((base + usize::try_from(offset?).ok()?, text.to_owned())).filter(|_| is_instruction)
    };
    lines.filter_map(text).collect()
}

/// A function's body: its size, its locals and its instructions.
pub fn body(cursor: &mut Cursor, index: usize, text: &BTreeMap<usize, String>) -> Result<(), ReadFailure> {
    let size =
        cursor.number("a body's size", |size| format!("function {index}, size: {}", counted(size as usize, "byte")))?;
    if size as usize > cursor.rest().len() {
        let missing = size as usize - cursor.rest().len();
        return Err(format!("the body goes {} past the end of the section", counted(missing, "byte")));
    }
    cursor.within(size as usize, "the body", |cursor| {
        if cursor.rest().first() == Some(&0) {
            cursor.note(1, "no locals besides the parameters");
        } else {
            vector(cursor, "group of local", |cursor, _| {
                let read = |reader: &mut BinaryReader| Ok((reader.read_var_u32()?, reader.read::<ValType>()?));
                cursor
                    .item("a count and a type", read, |(count, ty)| {
                        format!("{} of type {ty}", counted(*count as usize, "local"))
                    })
                    .map(drop)
            })?;
        }
        instructions(cursor, text)
    });
    Ok(())
}

/// A constant expression, up to its `end`.
pub fn expression(cursor: &mut Cursor, text: &BTreeMap<usize, String>) -> Result<(), ReadFailure> {
    instructions(cursor, text)
}

/// Instructions up to the `end` that belongs to none of them.
fn instructions(cursor: &mut Cursor, text: &BTreeMap<usize, String>) -> Result<(), ReadFailure> {
    let depth = cursor.depth;
    let mut open = 0_usize;
    let mut operators = OperatorsReader::new(cursor.reader());
    let stopped = loop {
        if operators.eof() {
            break Err("expected an instruction, but the section ends here".to_owned());
        }
        let (name, fields) = match operators.read() {
            Ok(operator) => debug_parts(&operator),
            Err(error) => break Err(format!("no instruction: {}", error.message())),
        };
        let length = usize::try_from(operators.original_position()).unwrap_or(cursor.end).saturating_sub(cursor.at);
        let closes = matches!(name.as_str(), "End" | "Else" | "Catch" | "CatchAll" | "Delegate");
        // Indented by the blocks around it, as far as the line can take.
        cursor.depth = depth + open.saturating_sub(usize::from(closes && open > 0)).min(8);
        let written = text.get(&cursor.at).cloned().unwrap_or_else(|| instruction(&name, &fields));
        let is_last = name == "End" && open == 0;
        cursor.note(length, if is_last { "end of the code".to_owned() } else { written });
        match name.as_str() {
            "Block" | "Loop" | "If" | "Try" | "TryTable" => open += 1,
            "End" | "Delegate" if open > 0 => open -= 1,
            "End" => break Ok(()),
            _ => {}
        }
    };
    cursor.depth = depth;
    stopped
}

/// The name and the fields of an instruction: `I32Const { value: 5 }`.
fn debug_parts(operator: &wasmparser::Operator) -> (String, String) {
    let text = format!("{operator:?}");
    match text.split_once(" { ") {
        Some((name, fields)) => (name.to_owned(), fields.trim_end_matches(" }").to_owned()),
        None => (text, String::new()),
    }
}

/// An instruction of a module that cannot be printed as a whole: its name in the text format, and a single operand.
fn instruction(name: &str, fields: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        match words.last_mut() {
            Some(word) if !c.is_ascii_uppercase() => word.push(c),
            _ => words.push(c.to_ascii_lowercase().to_string()),
        }
    }
    const SPACES: &[&str] =
        &["i32", "i64", "f32", "f64", "v128", "local", "global", "memory", "table", "ref", "elem", "data"];
    let text = words.join("_");
    let text = match text.split_once('_') {
        Some((space, rest)) if SPACES.contains(&space) || space.contains('x') => format!("{space}.{rest}"),
        _ => text,
    };
    // `value: 5`, `local_index: 0`; an instruction with several fields is shown without them.
    match fields.split_once(": ") {
        Some((_, value)) if value.chars().all(|c| c.is_ascii_digit() || c == '-') => format!("{text} {value}"),
        _ => text,
    }
}
