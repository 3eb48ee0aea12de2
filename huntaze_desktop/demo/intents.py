"""The player's own record: each message is on the disk before Send is pressed."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["IntentLog"]


class IntentLog:
    """Append-only JSON lines, flushed to the disk one by one, so that a crash cannot hide what was meant."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self.count = 0

    def write(self, conversation_id: str, creator: str, text: str) -> None:
        row = {
            "at": datetime.now(UTC).isoformat(),
            "conversation_id": conversation_id,
            "creator": creator,
            "text": text,
        }
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.count += 1

    def close(self) -> None:
        self._file.close()
