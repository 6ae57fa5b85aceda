"""Runs one cell with the official Python package of wasmtime, which contains a prebuilt library.

Started as `PYTHON driver.py run SPEC.json [--packages DIR] [--session]` or `PYTHON driver.py info [--packages DIR]`; DIR
is the folder that has the package, where Python does not find it by itself. In a session it runs the cell again for each
line on stdin, and answers with `done`.
A component runs with the host that the package has for WASI 0.2 (component.py), a module with its WASI 0.1 (module.py).
Exit code 0 means that the last event was written, 70 that the specification or the package is unusable.
"""

import json
import os
import sys

# Python starts isolated from the machine's configuration, so even this folder is not on its path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from protocol import PROTOCOL_VERSION, CellEnd, Log

ENGINE = "wasmtime-py"
MODES = ["cranelift"]
EXIT_INVALID_SPEC = 70
USAGE = "usage: driver.py info | driver.py run SPEC.json [--session], both with [--packages DIR]"


def main(args):
    if "--packages" in args:
        at = args.index("--packages")
        if at + 1 >= len(args):
            raise ValueError(USAGE)
        sys.path.insert(1, args[at + 1])
        del args[at : at + 2]
    if args == ["info"]:
        return print_info()
    is_session = args[-1:] == ["--session"]
    if is_session:
        del args[-1]
    if len(args) != 2 or args[0] != "run":
        raise ValueError(USAGE)
    if is_session:
        for _ in sys.stdin:
            run_cell(args[1])
            print("done", flush=True)
    else:
        run_cell(args[1])
    # Skip Python's teardown: the last event is written, and threads may still run.
    os._exit(0)


def run_cell(path):
    with open(path, "rb") as file:
        spec = json.load(file)
    if spec.get("protocol") != PROTOCOL_VERSION:
        raise ValueError(f"protocol {spec.get('protocol')}, this driver speaks {PROTOCOL_VERSION}")
    if spec["mode"] not in MODES:
        raise ValueError(f"no mode `{spec['mode']}`; there is {', '.join(MODES)}")
    # Imported late: it takes a tenth of a second, and an invalid specification does not need it.
    import config

    unknown = set(spec.get("switches", [])) - set(map(config.switch, config.known()))
    if unknown:
        raise ValueError(f"no switch `{sorted(unknown)[0]}`: `info` lists them")
    log = Log(spec["events"])
    try:
        run(spec, log)
        cause = {"kind": "returned"}
    except CellEnd as end:
        cause = end.cause
    except Exception as error:  # noqa: BLE001 - any other failure is the driver's own, and the cell reports it
        cause = {"kind": "engine-error", "message": f"{type(error).__name__}: {error}"}
    log.end(cause)


def run(spec, log):
    import config

    log.stage("load")
    try:
        with open(spec["module"], "rb") as file:
            binary = file.read()
    except OSError as error:
        raise CellEnd("engine-error", message=f"failed to read {spec['module']}: {error.strerror}") from error
    is_component = binary[:4] == b"\0asm" and binary[6:8] == b"\x01\0"
    engine = config.engine(spec)
    if is_component:
        import component

        component.run(spec, log, engine, binary)
    else:
        import module

        module.run(spec, log, engine, binary)


def print_info():
    import config

    info = {
        "protocol": PROTOCOL_VERSION,
        "engine": ENGINE,
        "version": config.version(),
        "modes": MODES,
        "switches": config.switches(),
    }
    print(json.dumps(info))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ImportError, OSError, ValueError, KeyError) as error:
        print(f"driver.py: {error}", file=sys.stderr)
        sys.exit(EXIT_INVALID_SPEC)
