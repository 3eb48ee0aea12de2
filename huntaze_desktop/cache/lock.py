"""One process per profile: an advisory lock on a file beside the store, which the system drops when a process dies."""

import os
import sys
from pathlib import Path

from huntaze_desktop.cache.errors import ProfileInUseError


class ProfileLock:
    """Holds the lock from construction to `release`; raises ProfileInUseError when another process has it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(self._fd)
        except OSError as error:
            self.release()
            raise ProfileInUseError(f"another Huntaze has {path.parent} open") from error

    def release(self) -> None:
        # Closing the descriptor drops the lock. The file stays: unlinking it would let two processes lock two files.
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
