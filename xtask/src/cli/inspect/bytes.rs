//! `inspect --bytes`: each byte of a small file with its offset and its meaning.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use wasmlab_inspect::bytes::Annotated;
use wasmlab_model::report::{ByteLine, spaced_hex};
use wasmlab_report::text;
use wasmlab_report::visible::on_line;

use super::{SCHEMA_VERSION, output};
use crate::reading::{self, ReadError};

/// Bytes in a line of output.
const PER_LINE: usize = 8;

/// The output of `--bytes --json`.
#[derive(serde::Serialize)]
struct BytesOutput {
    file: String,
    #[serde(flatten)]
    annotated: Annotated,
}

/// Prints the bytes of a file, as text or JSON.
pub fn print(file: &Path, json: bool) -> Result<Result<()>, ReadError> {
    let annotated = reading::bytes(file)?;
    Ok(if json {
        output::print_versioned_json(SCHEMA_VERSION, &BytesOutput { file: file.display().to_string(), annotated })
    } else {
        output::print(&text(&annotated, output::render_options().width))
    })
}

fn text(annotated: &Annotated, width: usize) -> String {
    let total: usize = annotated.lines.iter().map(|line| line.bytes.len()).sum();
    let mut out = annotated.lines.iter().fold(String::new(), |out, line| out + &one(line, width));
    let what = match &annotated.invalid {
        Some(why) => format!("not a valid module: {}", on_line(why)),
        None => "valid".to_owned(),
    };
    let _ = writeln!(out, "{}", text::wrapped(width, "", "  ", &format!("{total} bytes; {what}")));
    out
}

/// `001c  00 00                      export 0`: offset, bytes, meaning; several lines if there are many bytes.
fn one(line: &ByteLine, width: usize) -> String {
    let rows: Vec<&[u8]> = line.bytes.chunks(PER_LINE).collect();
    // Longer contents are cut: their bytes explain nothing.
    let shown = rows.len().min(if line.stops_here { 2 } else { 8 });
    let indent = " ".repeat(line.depth * 2);
    let mark = if line.stops_here { "! " } else { "" };
    let head = |at: usize| {
        let bytes = rows.get(at).filter(|_| at < shown).map(|row| spaced_hex(row)).unwrap_or_default();
        let offset = if bytes.is_empty() { String::new() } else { format!("{:04x}", line.offset + at * PER_LINE) };
        format!("{offset:<4}  {bytes:<23}  ")
    };
    let meaning = on_line(&line.meaning);
    let wrapped = text::wrapped(width.saturating_sub(31), &format!("{indent}{mark}"), &format!("{indent}  "), &meaning);
    let meanings: Vec<&str> = wrapped.lines().collect();
    let mut out = String::new();
    for at in 0..shown.max(meanings.len()).max(1) {
        // What has no bytes left, such as a missing item, still has its offset.
        let head = if at == 0 && rows.is_empty() { format!("{:04x}  {:23}  ", line.offset, "") } else { head(at) };
        let _ = writeln!(out, "{}", format!("{head}{}", meanings.get(at).copied().unwrap_or_default()).trim_end());
    }
    if rows.len() > shown {
        let hidden = line.bytes.len() - shown * PER_LINE;
        let _ = writeln!(out, "      … {hidden} more bytes");
    }
    out
}
