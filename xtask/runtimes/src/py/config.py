"""Configures the engine and WASI for a cell."""

import importlib.metadata

import wasmtime
from wasmtime import _ffi as ffi

# The same in every engine of the lab (`MAX_TABLE_ELEMENTS`).
MAX_TABLE_ELEMENTS = 10_000_000

# Features that wasmtime may disable by default: the property of `Config`, the proposal that it enables, and a module
# that needs it. (The threads proposal is enabled, but the shared memories that it adds are not.)
SWITCHES = [
    ("shared_memory", "threads", "(module (memory 1 1 shared))"),
    ("wasm_exceptions", "exceptions", "(module (tag $t) (func (throw $t)))"),
    ("wasm_function_references", "function-references", "(module (type $f (func)) (func (param (ref $f))))"),
    ("wasm_gc", "gc", "(module (type (struct)))"),
    ("wasm_wide_arithmetic", "wide-arithmetic", "(module (func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0))))"),
    ("wasm_custom_page_sizes", "custom-page-sizes", "(module (memory 1 (pagesize 1)))"),
    ("wasm_stack_switching", "stack-switching", "(module (type $f (func)) (type (cont $f)))"),
]


def version():
    return importlib.metadata.version("wasmtime")


def switches():
    """The switches that this version has and disables by default."""
    engine = wasmtime.Engine()
    has = [(name, enables) for name, enables, module in SWITCHES if name in known() and not runs(engine, module)]
    return [{"name": switch(name), "enables": enables} for name, enables in has]


def known():
    return [name for name, *_ in SWITCHES if hasattr(wasmtime.Config, name)]


def runs(engine, text):
    try:
        wasmtime.Instance(wasmtime.Store(engine), wasmtime.Module(engine, text), [])
    except (wasmtime.WasmtimeError, wasmtime.Trap):
        return False
    return True


def switch(name):
    """A switch as written in a program that embeds wasmtime."""
    return f"Config.{name} = True"


def engine(spec):
    config = wasmtime.Config()
    for name in known():
        if switch(name) in spec.get("switches", []):
            setattr(config, name, True)
    return wasmtime.Engine(config)


def store(spec, engine):
    """A store with limits on memories and tables, and WASI."""
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=spec["memory_limit"], table_elements=MAX_TABLE_ELEMENTS)
    store.set_wasi(wasi(spec))
    return store


def wasi(spec):
    """WASI with what the specification names, and nothing of this process except its standard streams."""
    wasi = wasmtime.WasiConfig()
    wasi.argv = guest_args(spec)
    wasi.env = list(spec.get("env", {}).items())
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for directory in spec.get("dirs", []):
        wasi.preopen_dir(directory["host"], directory["guest"])
    if spec.get("network") == "loopback" and hasattr(ffi, "wasi_config_inherit_network"):
        # The package declares these calls of the C API and has no methods for them. They permit every address; the
        # sandbox around this process permits the cell's ports only. TCP itself stays forbidden in 50.0, because the C
        # API has no call like `WasiCtxBuilder::allow_tcp`.
        ffi.wasi_config_inherit_network(wasi.ptr())
        ffi.wasi_config_allow_ip_name_lookup(wasi.ptr(), True)
    return wasi


def guest_args(spec):
    """The arguments, with the descriptor that a preopened socket would have. wasmtime supports none, and the guest
    reports what it finds there."""
    args = spec.get("args", [])
    if not spec.get("sockets"):
        return args
    descriptor = str(3 + len(spec.get("dirs", [])))
    return [arg.replace("{socket-fd}", descriptor) for arg in args]
