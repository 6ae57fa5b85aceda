"""Compiles a guest, or reuses compiled code, which is kept in the cell's folder for it with a seal.

wasmtime maps compiled code without checking it, so a damaged file would be undefined behaviour. It is used only with a
matching hash of the code and the module, and wasmtime itself checks that this version made it. Every failure is a miss.
"""

import hashlib
import os

import wasmtime

from causes import of_compiling

SEAL = 32


def compiled(spec, log, engine, kind, binary):
    """The compile stage: `kind` is wasmtime's class of modules or of components."""
    path = spec.get("code_cache") and os.path.join(spec["code_cache"], "module.cwasm")
    key = hashlib.sha256(spec["mode"].encode() + binary).digest()
    if path and (code := read(path, key)):
        try:
            found = kind.deserialize(engine, code)
        except wasmtime.WasmtimeError:
            pass
        else:
            log.stage("compile", cached=True)
            return found
    log.stage("compile")
    try:
        if binary[:4] != b"\0asm":
            # The classes accept the text format too; here the bytes must be a binary.
            wasmtime.Module.validate(engine, binary)
        made = kind(engine, binary)
    except wasmtime.WasmtimeError as error:
        raise of_compiling(error) from error
    if path:
        write(path, key, made.serialize())
    return made


def seal(key, code):
    return hashlib.sha256(key + code).digest()


def read(path, key):
    try:
        with open(path, "rb") as file:
            kept = file.read()
    except OSError:
        return None
    code = kept[:-SEAL]
    return code if kept[-SEAL:] == seal(key, code) else None


def write(path, key, code):
    # Written under a temporary name and renamed, so that concurrent readers see all or nothing.
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(bytes(code) + seal(key, bytes(code)))
        os.replace(temporary, path)
    except OSError:
        # The next run compiles again.
        try:
            os.unlink(temporary)
        except OSError:
            pass
