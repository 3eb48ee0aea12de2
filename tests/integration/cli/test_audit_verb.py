"""`huntaze audit verify` as a process: over an encrypted database, and over an export."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from huntaze_backend.core.hash_chain import GENESIS, canonical, link

KEY = "ab" * 32


def verify(*words: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUNTAZE_")}
    return subprocess.run(
        [sys.executable, "-m", "huntaze_cli", "audit", "verify", *words],
        env={**clean, "HUNTAZE_DATABASE_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_database_is_verified_and_an_export_of_another_one_is_not_its(tmp_path: Path) -> None:
    done = verify("--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "0 records" in done.stdout
    record = canonical({"agency_id": "a", "seq": 1, "kind": "accepted"})
    digest = link(GENESIS, record)
    end = {"agency_id": "a", "first": 1, "last": 1, "before": GENESIS, "hash": digest}
    file = tmp_path / "export.jsonl"
    file.write_text(f'{{"hash":"{digest}","record":{record}}}\n{canonical({"end": end})}\n')
    assert verify(str(file)).returncode == 0
    other = verify(str(file), "--database", "--data", str(tmp_path))
    assert (other.returncode, "another chain" in other.stderr) == (1, True)
    file.write_text(file.read_text().replace("accepted", "approved"))
    tampered = verify(str(file))
    assert (tampered.returncode, "record 1 was changed" in tampered.stderr) == (1, True)
    assert verify(str(tmp_path / "none.jsonl")).returncode == 2
