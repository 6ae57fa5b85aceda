//! Recognizes a file by its header: a binary of the current format, one of another version, or not WebAssembly.

use wasmlab_model::facts::{BinaryKind, Rejection, RejectionKind};

use crate::InspectError;

/// The current version field of modules and of components: version in the lower half, layer in the upper half.
const MODULE: (u16, u16) = (1, 0);
const COMPONENT: (u16, u16) = (0x0d, 1);

/// Refuses a file that is not WebAssembly or is truncated, and says what it looks like.
///
/// A binary of another format version is returned as such, because a runtime may accept it.
pub fn check(bytes: &[u8]) -> Result<Option<(BinaryKind, Rejection)>, InspectError> {
    if bytes.is_empty() {
        return Err(InspectError::Empty);
    }
    if !b"\0asm".starts_with(&bytes[..bytes.len().min(4)]) {
        return Err(not_wasm(bytes));
    }
    let Some(field) = bytes.get(4..8) else {
        let within = format!("its header, after {} of 8 bytes", bytes.len());
        return Err(InspectError::Truncated { within });
    };
    let (version, layer) = (u16::from_le_bytes([field[0], field[1]]), u16::from_le_bytes([field[2], field[3]]));
    match (version, layer) {
        MODULE | COMPONENT => {
            truncation(bytes, layer == COMPONENT.1).map_or(Ok(None), |within| Err(InspectError::Truncated { within }))
        }
        (_, 0) if is_draft(version) => {
            let rejection = version_rejection("a core module", version, MODULE.0, "from before WebAssembly 1.0");
            Ok(Some((BinaryKind::Module, rejection)))
        }
        (_, 0) => Err(InspectError::Malformed {
            offset: 4,
            message: format!(
                "no specification has format version {version:#x} of a core module; the current one is {:#x}",
                MODULE.0
            ),
        }),
        (_, 1) => {
            let when = if version < COMPONENT.0 { "of a pre-release" } else { "newer than this lab" };
            Ok(Some((BinaryKind::Component, version_rejection("a component", version, COMPONENT.0, when))))
        }
        _ => Err(InspectError::Malformed {
            offset: 6,
            message: format!("layer {layer} is neither that of modules (0) nor that of components (1)"),
        }),
    }
}

/// Pre-release core modules had versions 0xa to 0xd before the standard started again at 1.
fn is_draft(version: u16) -> bool {
    (0xa..=0xd).contains(&version)
}

fn version_rejection(what: &str, version: u16, today: u16, when: &str) -> Rejection {
    let message = format!("{what} of format version {version:#x}, {when}; the current one is {today:#x}");
    Rejection { kind: RejectionKind::FormatVersion, subject: format!("{version:#x}"), message }
}

/// Section names of a core module, by id.
pub(crate) const MODULE_SECTIONS: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];
/// Section names of a component, by id.
pub(crate) const COMPONENT_SECTIONS: [&str; 12] = [
    "custom",
    "core module",
    "core instance",
    "core type",
    "component",
    "instance",
    "alias",
    "type",
    "canonical",
    "start",
    "import",
    "export",
];

/// Where the file ends, if a section is longer than the rest of the file.
fn truncation(bytes: &[u8], component: bool) -> Option<String> {
    let names: &[&str] = if component { &COMPONENT_SECTIONS } else { &MODULE_SECTIONS };
    let mut at = 8;
    let mut last = "header";
    // Announced function bodies and data segments that have not been seen, in a core module.
    let (mut bodies, mut segments) = (0, 0);
    while let Some(id) = bytes.get(at) {
        // An unknown section id is malformed, whatever length follows.
        let name = *names.get(usize::from(*id))?;
        let mut reader = wasmparser::BinaryReader::new(&bytes[at + 1..], at as u64 + 1);
        let size = match reader.read_var_u32() {
            Ok(size) => size as usize,
            Err(_) if bytes.len() - at <= 5 => return Some(format!("its {name} section, at the section's size")),
            Err(_) => return None,
        };
        let start = at + 1 + reader.current_position();
        let missing = start.saturating_add(size).saturating_sub(bytes.len());
        if missing > 0 {
            return Some(format!("its {name} section, which continues for {missing} more bytes"));
        }
        if !component {
            let counted = || wasmparser::BinaryReader::new(&bytes[start..start + size], start as u64).read_var_u32();
            match name {
                "function" => bodies = counted().unwrap_or(0),
                "data count" => segments = counted().unwrap_or(0),
                "code" => bodies = 0,
                "data" => segments = 0,
                _ => {}
            }
        }
        at = start + size;
        last = name;
    }
    let missing = match (bodies, segments) {
        (0, 0) => return None,
        (0, _) => format!("its data section is missing (segments announced: {segments})"),
        _ => format!("its code section is missing (functions declared: {bodies})"),
    };
    Some(format!("the module, after its {last} section: {missing}"))
}

/// A file type: its first bytes, its name, and what to do about it.
type FileType = (&'static [u8], &'static str, &'static str);

const FETCH: &str =
    "If it was downloaded, check the server's response and fetch it again: it may be an error message or a login page.";
const ORIGIN: &str = "Check the .wasm file that it was made from.";
const UNPACK: &str = "Decompress it first; a web server may serve it compressed if it declares Content-Encoding.";
const LINK: &str = "Link it into a module first.";

const TEXT: &str = "WebAssembly text";

const FILE_TYPES: &[FileType] = &[
    (
        b"version https://git-lfs",
        "a Git LFS pointer",
        "Run `git lfs pull`: the clone has the pointer in place of the file.",
    ),
    (b"\x1f\x8b", "gzip", UNPACK),
    (b"\x28\xb5\x2f\xfd", "zstd", UNPACK),
    (b"\xfd7zXZ\0", "xz", UNPACK),
    (b"BZh", "bzip2", UNPACK),
    (b"PK", "a zip archive", UNPACK),
    (b"\x7fELF", "native code (ELF): a native program, or what a runtime compiled ahead of time", ORIGIN),
    (b"\xcf\xfa\xed\xfe", "native code (Mach-O)", ORIGIN),
    (b"MZ", "a native program (PE)", ORIGIN),
    (b"\0aot", "what WAMR compiled ahead of time", ORIGIN),
    (b"\0webc", "a package of Wasmer (webc)", "Unpack it (`wasmer package unpack`) and check the module in it."),
    (b"!<arch>", "an archive of object files", LINK),
    (b"BC\xc0\xde", "LLVM bitcode", LINK),
    (b"(", TEXT, "Name it .wat, or translate it (`wasm-tools parse`)."),
    (b";;", TEXT, "Name it .wat, or translate it (`wasm-tools parse`)."),
    (b"<?xml", "XML", FETCH),
    (b"<", "an HTML page", FETCH),
    (b"{", "JSON", FETCH),
];

/// The byte order mark that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The file without a byte order mark.
#[must_use]
pub fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Whether a file may be WebAssembly text, valid or not: it is text, and not of another known type.
#[must_use]
pub fn may_be_text(bytes: &[u8]) -> bool {
    let text = without_byte_order_mark(bytes).trim_ascii_start();
    let is_readable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || !byte.is_ascii();
    match file_type(bytes) {
        Some((_, what, _)) => *what == TEXT,
        None => !text.is_empty() && text.iter().take(64).all(is_readable),
    }
}

/// The type of a file by its beginning, or by the beginning of its text.
fn file_type(bytes: &[u8]) -> Option<&'static FileType> {
    let text = without_byte_order_mark(bytes).trim_ascii_start();
    FILE_TYPES.iter().find(|(magic, ..)| bytes.starts_with(magic) || text.starts_with(magic))
}

/// Whether a text looks like a script.
fn is_javascript(text: &[u8]) -> bool {
    const BEGINNINGS: &[&str] = &[
        "//",
        "/*",
        "#!",
        "import ",
        "import{",
        "export ",
        "const ",
        "let ",
        "var ",
        "function",
        "async ",
        "class ",
        "'use strict'",
        "\"use strict\"",
        "(function",
        "!function",
        "(()",
        "(async",
        "module.exports",
        "exports.",
    ];
    BEGINNINGS.iter().any(|start| text.starts_with(start.as_bytes()))
}

/// Describes a file that does not start with `\0asm`.
fn not_wasm(bytes: &[u8]) -> InspectError {
    let first = bytes.iter().take(4).map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    let text = without_byte_order_mark(bytes).trim_ascii_start();
    let found = file_type(bytes);
    let is_text = || bytes.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    let (what, remedy) = match found {
        // `(function …` and `{` also begin a script.
        _ if is_text() && is_javascript(text) => {
            (" (text, perhaps JavaScript)".to_owned(), "Give the .wasm file beside it, which it loads.")
        }
        Some((_, what, remedy)) => (format!(" ({what})"), *remedy),
        None if is_text() => (" (text)".to_owned(), FETCH),
        None => (String::new(), "Check where the file comes from: its contents do not match its name."),
    };
    InspectError::NotWasm { first, what, remedy }
}
