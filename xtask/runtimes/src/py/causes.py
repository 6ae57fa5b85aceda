"""Converts wasmtime's errors to causes of the protocol."""

import ctypes
import re

import wasmtime
from wasmtime import _ffi as ffi

from protocol import CellEnd

CODES = {
    "UNREACHABLE": "unreachable",
    "MEMORY_OUT_OF_BOUNDS": "memory-out-of-bounds",
    "TABLE_OUT_OF_BOUNDS": "table-out-of-bounds",
    "INDIRECT_CALL_TO_NULL": "null-reference",
    "NULL_REFERENCE": "null-reference",
    "BAD_SIGNATURE": "bad-signature",
    "INTEGER_DIVISION_BY_ZERO": "division-by-zero",
    "INTEGER_OVERFLOW": "integer-overflow",
    "BAD_CONVERSION_TO_INTEGER": "bad-conversion",
    "STACK_OVERFLOW": "stack-overflow",
    "HEAP_MISALIGNED": "unaligned-atomic",
    "CAST_FAILURE": "cast-failure",
    "UNCAUGHT_EXCEPTION": "uncaught-exception",
}

# The same traps by message, because errors of component calls have no code. The first match counts.
WORDS = [
    ("unreachable", "unreachable"),
    ("out of bounds memory", "memory-out-of-bounds"),
    ("out of bounds table", "table-out-of-bounds"),
    ("undefined element: out of bounds", "table-out-of-bounds"),
    ("uninitialized element", "null-reference"),
    ("null reference", "null-reference"),
    ("indirect call type mismatch", "bad-signature"),
    ("integer divide by zero", "division-by-zero"),
    ("integer overflow", "integer-overflow"),
    ("invalid conversion to integer", "bad-conversion"),
    ("call stack exhausted", "stack-overflow"),
    ("unaligned atomic", "unaligned-atomic"),
    ("cast failure", "cast-failure"),
]

UNCAUGHT = "thrown Wasm exception"


def causes(error):
    """The messages of an error and its causes, outermost first, without the backtrace."""
    found = []
    follows = True
    for line in str(error).splitlines():
        numbered = re.match(r"\s+\d+: (?!0x)", line)
        words = line[numbered.end() if numbered else 0 :].strip()
        if not words or words == "Caused by:":
            follows = True
        elif not BACKTRACE.match(words):
            # A line that starts no cause continues the previous one.
            if follows or numbered or not found:
                found.append(words)
            else:
                found[-1] += f" {words}"
            follows = False
    return found


BACKTRACE = re.compile(r"error while executing at|note: |(\d+: +)?0x[0-9a-f]+ - |at .*:\d+|.*!<wasm function")


def of_compiling(error):
    """Why a module was not compiled."""
    message = ": ".join(causes(error))
    if message.startswith("Compilation error") or "implementation limit" in message.lower():
        return CellEnd("compile-failed", message=message)
    offset = re.search(r"offset (?:0x([0-9a-f]+)|(\d+))", message)
    if offset is None:
        return CellEnd("rejected", message=message)
    return CellEnd("rejected", message=message, offset=int(offset[1], 16) if offset[1] else int(offset[2]))


def of_running(error, stage):
    """The cause of a cell that failed with `error` in `stage`."""
    if isinstance(error, wasmtime.ExitTrap):
        return CellEnd("exit", code=error.code)
    words = causes(error)
    frames = trace(error)
    code = error.trap_code if isinstance(error, wasmtime.Trap) else None
    if code is not None:
        message = next((w.removeprefix("wasm trap: ") for w in words if "wasm trap: " in w), words[0])
        return trap(CODES.get(code.name, "other"), message, frames)
    spoken = next((w.removeprefix("wasm trap: ") for w in words if w.startswith("wasm trap: ")), None)
    if spoken is not None:
        return trap(next((kind for part, kind in WORDS if part in spoken), "other"), spoken, frames)
    if any(UNCAUGHT in line for line in words):
        return trap("uncaught-exception", "the guest threw an exception that nobody caught", frames)
    return other(words, stage, frames)


def other(words, stage, frames):
    """The cause for an error other than a trap."""
    root = words[-1] if words else ""
    if "invalid exit status outside of" in root:
        return CellEnd("host-refused", refusal="exit-code", message=root)
    if "missing required" in root and "memory export" in root:
        return CellEnd("host-refused", refusal="no-memory", message=root)
    # wasmtime names the method that enables a disabled feature.
    if "`Config::" in root:
        return CellEnd("rejected", message=root)
    # If all imports match and no guest frame is on the stack, instantiation failed for lack of memory, tables or the
    # like.
    if stage == "instantiate" and not frames:
        return CellEnd("resource-limit", message=root)
    return CellEnd("host-error", message=root)


def trap(kind, message, frames):
    if not frames:
        return CellEnd("trap", trap=kind, message=message)
    frame = frames[0]
    location = {"function_index": frame.func_index}
    # The largest number means unknown, as when the stack overflows before the function's first instruction.
    if frame.module_offset < 1 << 63:
        location["offset"] = frame.module_offset
    if frame.func_name is not None:
        location["function_name"] = frame.func_name
    return CellEnd("trap", trap=kind, message=message, location=location)


def trace(error):
    """The guest's stack trace, innermost frame first."""
    if isinstance(error, wasmtime.Trap):
        return error.frames
    vector = ffi.wasm_frame_vec_t(0, None)
    ffi.wasmtime_error_wasm_trace(error.ptr(), ctypes.byref(vector))
    return [wasmtime.Frame._from_ptr(vector.data[i], vector) for i in range(vector.size)]
