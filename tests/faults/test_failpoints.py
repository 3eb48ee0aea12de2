"""The bench's own tools: a process dies where it was told to, and the judge knows nothing of the product."""

from __future__ import annotations

import ast
import signal
from pathlib import Path

import httpx2
import pytest

from tests.faults import checker, evidence
from tests.faults.failpoints import Armed, install
from tests.faults.processes import Process, Spec, hits_of


def sandbox(folder: Path) -> Process:
    words = ["--quiet", "--key", "k", "--fans", "4", "--messages", "8", "--rate-limit", "0", "--exit-with-stdin"]
    words += ["--journal", str(folder / "journal.jsonl"), "--state", str(folder / "state")]
    return Process(Spec("sandbox", "sandbox", {"accounts": 2, "arguments": words}, folder / "sandbox.log", {}))


async def send(process: Process, text: str) -> None:
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{process.port}", headers={"Authorization": "Bearer k"}, trust_env=False
    ) as http:
        account = (await http.get("/api/accounts")).json()[0]["id"]
        chats = (await http.get(f"/api/{account}/chats")).json()["data"]
        chat = next(row["id"] for row in chats if row["canSendMessage"])
        await http.post(f"/api/{account}/chats/{chat}/messages", json={"text": text}, headers={"Idempotency-Key": text})


@pytest.mark.e2e
async def test_a_process_dies_at_the_call_it_was_told_and_comes_back_on_its_files(tmp_path: Path) -> None:
    process, hits = sandbox(tmp_path), tmp_path / "hits"
    try:
        assert await process.start(Armed("platform.executed", 2, 0.0, hits))
        await send(process, "first")
        with pytest.raises(httpx2.HTTPError):
            await send(process, "second")
        assert await process.died_within(10)
        assert process.status == -signal.SIGKILL
        assert hits_of([hits]) == {"platform.executed": 1}
        assert await process.start()
        await send(process, "third")
    finally:
        await process.end()
    assert [made.text for made in evidence.journal(tmp_path / "journal.jsonl")] == ["first", "second", "third"]
    assert process.status == 0


def test_a_failpoint_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="nowhere"):
        install("backend", Armed("nowhere", 1, 0.0, tmp_path / "hits"))


@pytest.mark.parametrize("module", [checker, evidence], ids=lambda module: str(module.__name__))
def test_the_judge_imports_nothing_of_the_product(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    names = [
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert names
    assert [name for name in names if name.startswith(("huntaze", "tests.faults.sim"))] == []
