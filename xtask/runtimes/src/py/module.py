"""Runs a core module: plain WebAssembly, or WASI 0.1."""

import re

import wasmtime

import config
import values
from causes import causes, of_running
from compiled import compiled
from protocol import CellEnd
from types_of import Types

# Maximum number of reported calls, as in the lab's other engines.
MAX_HOST_CALLS = 1000
NAMESPACES = ("wasi_snapshot_preview1", "wasi_unstable")


def run(spec, log, engine, binary):
    module = compiled(spec, log, engine, wasmtime.Module, binary)

    log.stage("link")
    store = config.store(spec, engine)
    linker = wasmtime.Linker(engine)
    types = Types(binary)
    if any(namespace in NAMESPACES for namespace, *_ in types.imports):
        linker.define_wasi()
    define(spec, log, linker, module, types)
    linked = link(linker, store, module, types)

    log.stage("instantiate")
    instance = guest("instantiate", linked.instantiate, store)

    log.stage("run")
    exports = Exports(linker, store, instance)
    if spec["entry"] == "command":
        start = callable_export(exports, "_start")
        if types.exported("_start")[0]:
            # A program's entry point takes no parameters.
            raise CellEnd("missing-export", name="_start")
        guest("run", start, store)
    elif "calls" in spec["entry"]:
        calls(spec["entry"]["calls"], exports, store, types, log)
    else:
        raise CellEnd("missing-export", name="wasi:http/incoming-handler")


def define(spec, log, linker, module, types):
    """Defines the scenario's host functions, which belong to no ABI. Each call is reported and returns zeros."""
    wanted = spec.get("host_functions", [])
    defined = set()
    count = 0
    for item, (namespace, name, kind, ty) in zip(module.imports, types.imports):
        function = f"{namespace}.{name}"
        if function not in wanted or function in defined or kind != "func":
            continue
        values.check(function, ty)
        defined.add(function)
        params, zeros = ty[0], [values.zero(t) for t in ty[1]]

        def called(*args, function=function, params=params, zeros=zeros):
            nonlocal count
            count += 1
            if count <= MAX_HOST_CALLS:
                given = [values.to_lab(value, t) for value, t in zip(args, params)]
                log.write({"event": "host-call", "function": function, "args": given})
            return None if not zeros else zeros[0] if len(zeros) == 1 else zeros

        linker.define_func(namespace, name, item.type, called)


def link(linker, store, module, types):
    """Links the module; ends the cell if an import is missing."""
    missing = [item for item in types.imports if not is_defined(linker, store, item)]
    if missing:
        namespace, name, kind, ty = missing[0]
        text = values.text(ty) if ty else kind
        raise CellEnd("missing-import", module=namespace, name=name, ty=text, missing_count=len(missing))
    try:
        return linker.instantiate_pre(module)
    except wasmtime.WasmtimeError as error:
        words = causes(error)
        named = next((m for m in (re.match(r"incompatible import type for `(.*?)::(.*)`", w) for w in words) if m), None)
        if named is None:
            raise CellEnd("engine-error", message=": ".join(words)) from error
        raise CellEnd("import-type-mismatch", module=named[1], name=named[2], message=words[-1]) from error


def is_defined(linker, store, item):
    try:
        linker.get(store, item[0], item[1])
    except wasmtime.WasmtimeError:
        return False
    return True


def calls(listed, exports, store, types, log):
    initialize = exports.get("_initialize")
    if isinstance(initialize, wasmtime.Func):
        guest("run", initialize, store)
    for call in listed:
        name, given = call["export"], call.get("args", [])
        function = callable_export(exports, name)
        ty = params, results = types.exported(name)
        values.check(name, ty)
        args = [values.from_lab(text, t) for text, t in zip(given, params)]
        if len(given) != len(params) or any(arg is None for arg in args):
            raise values.wrong_call(name, values.text(ty), given)
        returned = guest("run", function, store, *args)
        returned = [] if not results else [returned] if len(results) == 1 else returned
        printed = [values.to_lab(value, t) for value, t in zip(returned, results)]
        log.write({"event": "call-returned", "export": name, "results": printed})


class Exports:
    """The exports of an instance. The package's own mapping takes quadratic time for its list of all of them."""

    NAME = "wasmlab:instance"

    def __init__(self, linker, store, instance):
        linker.define_instance(store, self.NAME, instance)
        self._linker, self._store = linker, store

    def get(self, name):
        """The export of this name, or None."""
        try:
            return self._linker.get(self._store, self.NAME, name)
        except wasmtime.WasmtimeError:
            return None


def callable_export(exports, name):
    found = exports.get(name)
    if not isinstance(found, wasmtime.Func):
        raise CellEnd("missing-export", name=name)
    return found


def guest(stage, call, *args):
    """Calls into the guest; a failure ends the cell."""
    try:
        return call(*args)
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        raise of_running(error, stage) from error
