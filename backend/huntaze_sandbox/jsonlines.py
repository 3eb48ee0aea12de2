"""Append-only files of JSON lines that survive a kill: one write per line, and a torn last line is cut on opening."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: Windows would write two bytes for each newline otherwise; elsewhere there is no such flag.
BINARY = getattr(os, "O_BINARY", 0)


class JsonLines:
    """An open file to append to. A line is in the kernel's hands when `append` returns: a killed process loses none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Readable by its owner only: the state file holds webhook secrets.
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY, 0o600)
        _cut_torn_line(self._fd)

    def append(self, row: Any) -> None:
        data = memoryview(dump(row))
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def dump(row: Any) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_lines(path: Path) -> Iterator[Any]:
    """Read all whole lines; a torn last one (without its newline) is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def last_line(path: Path) -> Any | None:
    """Read the last line without reading the file."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        reach = 65_536
        while True:
            start = max(0, size - reach)
            file.seek(start)
            lines = file.read(size - start).splitlines()
            if len(lines) > 1 or (lines and start == 0):
                return json.loads(lines[-1])
            if start == 0:
                return None
            reach *= 4


def _cut_torn_line(fd: int) -> None:
    size = os.lseek(fd, 0, os.SEEK_END)
    end = size
    while end > 0:
        start = max(0, end - 65_536)
        os.lseek(fd, start, os.SEEK_SET)
        block = os.read(fd, end - start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(fd, end)
