"""Why the service cannot start or go on: a code for a parent process, words for a person, a status for a shell."""

import json
import sys
from typing import NoReturn

__all__ = ["EXIT_CODES", "StartError", "give_up"]

EXIT_CODES = {
    "BAD_SETTINGS": 2,
    "BAD_STDIN": 2,
    "NO_DATABASE": 2,
    "SECRETS_MISSING": 2,
    "PORT_TAKEN": 3,
    "WRONG_KEY": 4,
    "OLD_SQLITE": 5,
    "ALREADY_RUNNING": 6,
    "DATABASE_FAILED": 7,
    "WORKER_FAILED": 8,
    "NOT_EMBEDDED": 2,
    "FILE_EXISTS": 2,
    "BAD_BACKUP": 9,
    "NEEDS_POSTGRESQL": 2,
}


class StartError(Exception):
    """The service cannot start, or cannot go on."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def give_up(error: StartError) -> NoReturn:
    """Say why in one line of JSON on stderr, and end."""
    sys.stderr.write(json.dumps({"error": error.code, "detail": error.detail}) + "\n")
    sys.stderr.flush()
    sys.exit(EXIT_CODES[error.code])
