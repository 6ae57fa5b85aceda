//! Every byte is annotated, in order, and unreadable bytes are reported.

use super::{MAX_BYTES, annotate, lines_of_small};
use wasmlab_model::report::{ByteLine, spaced_hex};

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// `offset bytes | meaning`, indented by depth.
fn shown(lines: &[ByteLine]) -> String {
    let line = |line: &ByteLine| {
        let mark = if line.stops_here { "!! " } else { "" };
        format!("{:04x} {} | {}{mark}{}\n", line.offset, spaced_hex(&line.bytes), "  ".repeat(line.depth), line.meaning)
    };
    lines.iter().map(line).collect()
}

/// The lines hold every byte once, in order.
fn assert_complete(bytes: &[u8], lines: &[ByteLine], what: &str) {
    let mut at = 0;
    for line in lines {
        assert_eq!(line.offset, at, "{what}: {line:?}");
        at += line.bytes.len();
    }
    let all: Vec<u8> = lines.iter().flat_map(|line| line.bytes.clone()).collect();
    assert_eq!(all, bytes, "{what}");
}

#[test]
fn each_byte_of_add_has_a_meaning() {
    let bytes = wat(
        r#"(module (func $add (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) (export "add" (func $add)))"#,
    );
    let lines = annotate(&bytes).unwrap();
    assert_complete(&bytes, &lines, "add");
    let expected = r#"
0000 00 61 73 6d | magic: \0asm
0004 01 00 00 00 | version 1: a core module
0008 01 | section 1: type
0009 07 | size: 7 bytes
000a 01 |   1 type
000b 60 |     type 0: a function
000c 02 7f 7f |       2 parameters: i32 i32
000f 01 7f |       1 result: i32
0011 03 | section 3: function
0012 02 | size: 2 bytes
0013 01 |   1 function
0014 00 |     function 0 has type 0
0015 07 | section 7: export
0016 07 | size: 7 bytes
0017 01 |   1 export
0018 03 61 64 64 |     export 0: name "add"
001c 00 00 |       function 0
001e 0a | section 10: code
001f 09 | size: 9 bytes
0020 01 |   1 function body
0021 07 |     function 0, size: 7 bytes
0022 00 |       no locals besides the parameters
0023 20 00 |       local.get 0
0025 20 01 |       local.get 1
0027 6a |       i32.add
0028 0b |       end of the code
0029 00 | section 0: custom
002a 0d | size: 13 bytes
002b 04 6e 61 6d 65 |   name "name"
0030 01 |   subsection 1: names of functions
0031 06 |   size: 6 bytes
0032 01 |     1 name
0033 00 |       index 0:
0034 03 61 64 64 |         name "add"
"#;
    assert_eq!(shown(&lines), expected.trim_start());
}

/// Where reading stops, the line says why; the sections behind it are read.
#[test]
fn what_cannot_be_read_is_said_at_its_place() {
    let check = |bytes: &[u8], offset: usize, why: &str| {
        let lines = annotate(bytes).unwrap();
        assert_complete(bytes, &lines, why);
        let wrong: Vec<&ByteLine> = lines.iter().filter(|line| line.stops_here).collect();
        assert!(wrong.iter().any(|l| l.offset == offset && l.meaning.contains(why)), "{why}:\n{}", shown(&lines));
    };
    let module = |rest: &[u8]| [b"\0asm\x01\0\0\0", rest].concat();
    check(b"", 0, "not WebAssembly");
    check(b"(module)", 0, "not WebAssembly");
    check(b"\0asm\x01", 4, "expected a version of 4 bytes");
    check(&module(b"\x01\x00"), 10, "expected a count, but the section ends here");
    check(&module(b"\x01\x60\x01"), 10, "the section goes 95 bytes past the end of the file");
    check(&module(b"\x0f\x00"), 8, "no section has the id 15");
    check(&module(b"\x01\x02\x01\x7f"), 11, "none begins with 7f");
    check(&module(b"\x03\x03\x01\x00\x00"), 12, "the section should end here, and has 1 more byte");
    check(&module(b"\x0a\x04\x01\x02\x00\xff"), 13, "no instruction");
    check(&module(b"\x0a\x05\x01\x02\x00\x01\x0b"), 14, "expected an instruction, but the section ends here");
    check(&module(b"\x0a\x05\x01\x09\x00\x01\x0b"), 12, "the body goes 6 bytes past the end of the section");
    check(&module(b"\x07\x05\x01\x02\xff\xfe\x00"), 11, "malformed UTF-8");
    // The section behind a malformed one is read.
    let lines = annotate(&module(b"\x01\x00\x05\x03\x01\x00\x01")).unwrap();
    assert!(lines.iter().any(|line| line.meaning.starts_with("memory 0")), "{}", shown(&lines));
}

#[test]
fn real_modules_are_annotated_without_a_gap() {
    let check = |text: &str, meanings: &[&str]| {
        let bytes = wat(text);
        let lines = annotate(&bytes).unwrap();
        assert_complete(&bytes, &lines, text);
        let shown = shown(&lines);
        assert!(!lines.iter().any(|line| line.stops_here), "{shown}");
        for meaning in meanings {
            assert!(shown.contains(meaning), "{meaning}:\n{shown}");
        }
    };
    check(
        include_str!("../../../../scenarios/wat-wasi-hello/hello.wat"),
        &[
            "import 0: module \"wasi_snapshot_preview1\"",
            "name \"fd_write\"",
            "function 0 has type 0",
            "memory 0: memory 1..",
            "function 1, size",
            "call $fd_write",
            "if",
            "unreachable",
            "size: 23 bytes",
            "\"hello from WebAssembly\\n\"",
        ],
    );
    check(include_str!("../../../../scenarios/wat-proposal-gc/gc.wat"), &["struct"]);
    check(include_str!("../../../../scenarios/wat-proposal-exceptions/exceptions.wat"), &["tag 0", "try_table"]);
    check(include_str!("../../../../scenarios/wat-wasi-system/system.wat"), &["names of locals"]);
    check(
        "(module (table 2 funcref) (elem (i32.const 0) 0 0) (global (mut i64) (i64.const -5)) (func nop) (start 0) \
         (memory 1 2) (data \"x\"))",
        &[
            "table 0: table 2..",
            "segment 0: for table 0",
            "i32.const 0",
            "i64.const -5",
            "start: function 0",
            "passive",
        ],
    );
    check("(component (core module (func nop)) (type (func)))", &["a component", "a core module", "its contents"]);
}

#[test]
fn names_cannot_affect_the_terminal() {
    let bytes = wat("(module (import \"\\1b[2J\\e2\\80\\ae\\n\" \"x\" (func)))");
    let text = shown(&annotate(&bytes).unwrap());
    assert!(text.contains("\\u{1b}[2J\\u{202e}\\n") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_large_file_is_refused_with_the_next_step() {
    let error = annotate(&vec![0; MAX_BYTES + 1]).unwrap_err().to_string();
    assert!(error.contains("65537 bytes") && error.contains("--wat"), "{error}");
}

/// Any bytes: no panic, no gap.
#[test]
fn broken_bytes_are_covered_too() {
    let base = wat(include_str!("../../../../scenarios/wat-wasi-hello/hello.wat"));
    for at in 8..base.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = base.clone();
            bytes[at] = value;
            assert_complete(&bytes, &annotate(&bytes).unwrap(), &format!("{at:#x} = {value:#x}"));
            assert_complete(&bytes[..at], &annotate(&bytes[..at]).unwrap(), &format!("cut at {at:#x}"));
        }
    }
}

#[test]
fn lines_of_small_binaries_have_every_byte() {
    let bytes = |text: &str| lines_of_small(&wat(text), 1000);
    let lines = bytes("(module (func (export \"f\")))");
    assert_eq!(lines.iter().map(|line| line.bytes.len()).sum::<usize>(), 31);
    assert_eq!(lines[0].bytes, *b"\0asm");
    assert!(bytes(&format!("(module (memory 1) (data (i32.const 0) \"{}\"))", "a".repeat(2000))).is_empty());
    assert!(lines_of_small(b"<!doctype html>", 1000).is_empty());
}
