"""The bootstrap's words when something is missing, and what makes it set up anew."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_bootstrap_reads_on_an_old_python() -> None:
    """Its message about an old Python must be reachable there: no f-string, no :=, no match, no variable annotation."""
    tree = ast.parse((ROOT / "tools" / "bootstrap.py").read_text(encoding="utf-8"))
    modern = (ast.JoinedStr, ast.NamedExpr, ast.Match, ast.AnnAssign, ast.AsyncFunctionDef)
    assert [type(node).__name__ for node in ast.walk(tree) if isinstance(node, modern)] == []
    annotations = [
        found
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for found in [node.returns, *(argument.annotation for argument in node.args.args)]
    ]
    assert all(found is None or isinstance(found, (ast.Constant, ast.Name)) for found in annotations)


def test_a_python_too_old_or_too_new_is_refused_with_what_to_do(
    tool: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = tool("bootstrap")
    monkeypatch.setattr(bootstrap, "another_python", lambda: None)
    for version, accepted in [((3, 9), False), ((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)]:
        monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
        if accepted:
            bootstrap.ensure_python()
        else:
            with pytest.raises(SystemExit, match="needs Python 3"):
                bootstrap.ensure_python()


def test_a_supported_python_elsewhere_on_the_path_takes_over(
    tool: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bootstrap = tool("bootstrap")
    for name, answer in [("python3.13", "exit 127"), ("python3.12", "echo 12")]:  # a shim that does not run comes first
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n", encoding="ascii")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.another_python() == str(tmp_path / "python3.12")


def test_everything_missing_is_named_at_once_in_one_line_to_run(
    tool: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = tool("system_check")
    monkeypatch.setenv("HUNTAZE_NO_APT", "1")
    monkeypatch.setattr(sys, "platform", "linux")
    missing = (
        check.Need("library", "libabsent.so.9", "libabsent9"),
        check.Need("program", "absent-program", "absent-tools"),
        check.Need("module", "absent_module", "python3-absent"),
    )
    present = check.Need("program", "sh", "dash")
    with pytest.raises(SystemExit) as stopped:
        check.ensure((*missing, present))
    text = str(stopped.value)
    (line,) = [line for line in text.splitlines() if "apt-get install" in line]
    assert line.split("--no-install-recommends ")[1].split() == ["absent-tools", "libabsent9", "python3-absent"]
    assert all(need.name in text for need in missing)


def test_a_complete_system_is_passed_in_silence(
    tool: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    tool("system_check").ensure(())
    assert capsys.readouterr().out == ""


def test_uv_is_pinned_with_every_hash_of_the_lock(tool: Callable[[str], ModuleType]) -> None:
    pin = tool("environment")._pin_of("uv")
    assert re.match(r"uv==\d", pin)
    assert pin.count("--hash=sha256:") > 5
    assert pin.count("==") == 1


@pytest.mark.parametrize("changed", ["requirements/dev.txt", "pyproject.toml"])
def test_a_changed_lock_or_project_is_set_up_anew(
    tool: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str
) -> None:
    environment = tool("environment")
    for name in ("requirements/dev.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("before", encoding="ascii")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "LOCK", tmp_path / "requirements/dev.txt")
    before = environment._wanted()
    assert environment._wanted() == before
    (tmp_path / changed).write_text("after", encoding="ascii")
    assert environment._wanted() != before
