"""What the bench says of a file that a killed process left: whole when only its log holds the rest, torn when torn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.faults.evidence import check_store, open_store

KEY = "ab" * 32


@contextmanager
def folded_half_way(path: Path) -> Iterator[None]:
    """A file with pages that are still in its log alone, between pages that are already in it."""

    def connect() -> Any:
        connection = open_store(path, KEY)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    with closing(connect()) as writer, closing(connect()) as reader:
        writer.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, words BLOB)")
        writer.executemany("INSERT INTO rows VALUES (?, ?)", [(n, os.urandom(3_000)) for n in range(200)])
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM rows").fetchall()
        writer.executemany("UPDATE rows SET words = ? WHERE id = ?", [(os.urandom(3_000), n) for n in range(0, 200, 3)])
        _, pages, folded = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert 0 < folded < pages, "the reader keeps what came after it began out of the file"
        assert writer.execute("PRAGMA cipher_integrity_check").fetchall(), "the file alone is not whole"
        reader.execute("COMMIT")
        yield


def test_a_file_that_was_being_folded_when_its_process_died_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with folded_half_way(path):
        assert check_store("store", path, KEY).findings == ()


def test_a_torn_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with folded_half_way(path):
        pass
    with path.open("r+b") as file:
        file.seek(40 * 4096 + 100)
        file.write(b"torn")
    assert check_store("store", path, KEY).findings


def test_a_log_that_somebody_keeps_from_being_folded_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(open_store(path, KEY)) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("CREATE TABLE rows (id INTEGER)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM rows").fetchall()
        with closing(open_store(path, KEY)) as writer:
            writer.execute("INSERT INTO rows VALUES (1)")
            (finding, *_) = check_store("store", path, KEY, patience_s=0.05).findings
    assert "could not be folded" in finding
