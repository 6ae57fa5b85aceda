"""Runs a component with WASI 0.2 and `wasi:http`, as provided by the package's linker."""

import re

import wasmtime
from wasmtime import component as wit

import config
from causes import causes, of_running
from compiled import compiled
from protocol import CellEnd
from values import float_text, split, wrong_call

RUN = "wasi:cli/run"


def run(spec, log, engine, binary):
    component = compiled(spec, log, engine, wit.Component, binary)

    log.stage("link")
    if isinstance(spec["entry"], dict) and "http" in spec["entry"]:
        message = "wasmtime's Python package has no server that hands requests to `wasi:http/incoming-handler`"
        raise CellEnd("not-attempted", subject="http-handler", message=message)
    imports = list(component.type.imports(engine))
    store = config.store(spec, engine)
    linker = wit.Linker(engine)
    if any(name.startswith("wasi:") for name in imports):
        linker.add_wasip2()
    if any(name.startswith("wasi:http/") for name in imports) and hasattr(linker, "add_wasi_http"):
        linker.add_wasi_http()
        store.set_wasi_http()

    # The linker reports missing imports when it instantiates.
    log.stage("instantiate")
    try:
        instance = linker.instantiate(store, component)
    except wasmtime.WasmtimeError as error:
        raise of_linking(error, imports) or of_running(error, "instantiate") from error

    log.stage("run")
    if spec["entry"] == "command":
        command(component, instance, store, engine)
    else:
        calls(spec["entry"]["calls"], instance, store, log)


def of_linking(error, imports):
    """The import that is missing or has another type; wasmtime reports it only in its message."""
    words = causes(error)
    module = next((name for name in imports if words and f"`{name}`" in words[0]), None)
    if module is None:
        return None
    item = next((w.split("`")[1] for w in words if w.startswith("instance export `")), "")
    missing = "is missing" in words[-1] or "was not found in the linker" in words[-1]
    if missing:
        return CellEnd("missing-import", module=module, name=item, ty="instance", missing_count=0)
    return CellEnd("import-type-mismatch", module=module, name=item, message=": ".join(words))


def command(component, instance, store, engine):
    exported = [name for name in component.type.exports(engine) if re.match(rf"{RUN}(@|$)", name)]
    if not exported:
        raise CellEnd("missing-export", name=RUN)
    interface = instance.get_export_index(store, exported[0])
    index = interface and instance.get_export_index(store, "run", interface)
    function = index and instance.get_func(store, index)
    if not function:
        raise CellEnd("missing-export", name=exported[0])
    result = call(function, store)
    # If `run` returned an error, the exit code is 1.
    if getattr(result, "tag", "ok") == "err":
        raise CellEnd("exit", code=1)


def calls(listed, instance, store, log):
    for wanted in listed:
        name, given = wanted["export"], wanted.get("args", [])
        function = instance.get_func(store, name)
        if function is None:
            raise CellEnd("missing-export", name=name)
        ty = function.type(store)
        args = [from_lab(text, t) for text, (_, t) in zip(given, ty.params)]
        if len(given) != len(ty.params) or any(arg is None for arg in args):
            raise wrong_call(name, func_text(ty), given)
        returned = call(function, store, *args)
        # Required before the next call; newer versions do it themselves.
        function.post_return(store)
        results = [] if ty.result is None else [to_lab(returned, ty.result)]
        log.write({"event": "call-returned", "export": name, "results": results})


def call(function, store, *args):
    try:
        return function(store, *args)
    except wasmtime.WasmtimeError as error:
        raise of_running(error, "run") from error


def type_name(ty):
    return type(ty).__name__.removesuffix("Type").lower()


def func_text(ty):
    params = ", ".join(f"{name}: {type_name(t)}" for name, t in ty.params)
    return f"func({params})" + ("" if ty.result is None else f" -> {type_name(ty.result)}")


RANGES = {"s8": 8, "u8": 8, "s16": 16, "u16": 16, "s32": 32, "u32": 32, "s64": 64, "u64": 64}


def from_lab(text, ty):
    """The lab's `i32` and `i64` represent all integers of up to that many bits, signed or not."""
    given, value = split(text)
    name = type_name(ty)
    if name in RANGES and given == ("i64" if RANGES[name] == 64 else "i32"):
        number, bits = int(value), RANGES[name]
        if name[0] == "u" and number < 0 and bits >= 32:
            number += 1 << bits
        low, high = (0, (1 << bits) - 1) if name[0] == "u" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        return number if low <= number <= high else None
    if name == "bool" and given == "i32":
        return int(value) != 0
    if name in ("f32", "f64") and given == name:
        return float(value)
    return value if name == given == "string" else None


def to_lab(value, ty):
    """The inverse of `from_lab`, for results."""
    name = type_name(ty)
    if name == "bool":
        return f"i32:{int(value)}"
    if name in RANGES:
        bits = 64 if RANGES[name] == 64 else 32
        return f"i{bits}:{value - (1 << bits) if value >= 1 << (bits - 1) else value}"
    if name in ("f32", "f64"):
        return f"{name}:{float_text(value, name)}"
    if name == "string":
        return f"string:{value}"
    message = f"the lab cannot represent a result of type {name}"
    raise CellEnd("not-attempted", subject="component-values", message=message)
