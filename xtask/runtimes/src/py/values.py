"""Values and types as the engines written in Rust print them: `i32:-1`, `f64:0.5`, `func (i64) -> i32`."""

import decimal
import math
import struct

import wasmtime

from protocol import CellEnd

# Types that the package has values for.
NUMBERS = ("i32", "i64", "f32", "f64")
REFERENCES = ("externref", "funcref")


def text(ty):
    """A function's type."""
    params, results = ty
    return func_text(params, results)


def check(name, ty):
    """Ends the cell if a value of the function has no type in wasmtime's C API."""
    other = next((t for types in ty for t in types if t not in NUMBERS + REFERENCES), None)
    if other is not None:
        words = "v128" if other == "v128" else "references of this kind"
        raise CellEnd("host-error", message=f"wasmtime's C API has no type for {words}, which `{name}` takes or returns")


def func_text(params, results):
    text = f"func ({', '.join(params)})"
    if not results:
        return text
    return f"{text} -> {results[0] if len(results) == 1 else '(' + ', '.join(results) + ')'}"


def wrong_call(name, ty, args):
    message = f"export `{name}` is {ty}; the cell calls it with ({', '.join(args)})"
    return CellEnd("engine-error", message=message)


def split(text):
    given, _, value = text.partition(":")
    return given, value


def from_lab(text, wanted):
    """The lab's value for a parameter of this type; `None` if it does not fit."""
    given, value = split(text)
    if given == "ref" and wanted in REFERENCES and value == "null":
        return wasmtime.Val.externref(None) if wanted == "externref" else wasmtime.Val.funcref(None)
    if given != wanted:
        return None
    if wanted == "i32":
        return wasmtime.Val.i32(int(value))
    if wanted == "i64":
        return wasmtime.Val.i64(int(value))
    if wanted == "f32":
        return wasmtime.Val.f32(float(value))
    return wasmtime.Val.f64(float(value))


def to_lab(value, name):
    if name in ("i32", "i64"):
        return f"{name}:{value}"
    if name in ("f32", "f64"):
        return f"{name}:{float_text(value, name)}"
    return "ref:null" if value is None else "ref:non-null"


def zero(name):
    return {"i32": 0, "i64": 0, "f32": 0.0, "f64": 0.0}.get(name)


def float_text(value, name):
    """The shortest digits that give the same number, never with an exponent, as printed by Rust."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    shortest = repr(value)
    if name == "f32":
        single = struct.pack("<f", value)
        candidates = (f"{value:.{digits}e}" for digits in range(9))
        shortest = next((c for c in candidates if struct.pack("<f", float(c)) == single), shortest)
    text = format(decimal.Decimal(shortest), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
