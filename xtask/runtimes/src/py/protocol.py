"""The Python side of the protocol in `xtask/protocol`: events, and how a cell ends."""

import json
import os
import time

PROTOCOL_VERSION = 5


class CellEnd(Exception):
    """Raised to end the cell; `cause` is a `Cause` of the protocol."""

    def __init__(self, kind, **fields):
        super().__init__(kind)
        self.cause = {"kind": kind, **fields}


class Log:
    """Appends events to the observation, each with a single write, so that a killed process leaves complete lines."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._began = time.monotonic()

    def write(self, event):
        line = json.dumps(event, separators=(",", ":"))
        os.write(self._fd, f"{line}\n".encode())

    def stage(self, stage, **more):
        self.write({"event": "stage", "stage": stage, "micros": self._micros(), **more})

    def end(self, cause):
        self.write({"event": "end", "cause": cause, "micros": self._micros()})
        os.close(self._fd)

    def _micros(self):
        return round((time.monotonic() - self._began) * 1_000_000)
