"""The backend's verbs hand over what was asked for, and print what is checked in."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from huntaze_cli.commands import app

ROOT = Path(__file__).resolve().parents[3]


def test_serve_passes_its_flags_on(monkeypatch):
    served = []
    monkeypatch.setattr("huntaze_backend.serve.run", served.append)
    result = CliRunner().invoke(app, ["backend", "serve", "--port", "8123", "--data", "here", "--exit-with-stdin"])
    assert result.exit_code == 0, result.output
    (options,) = served
    assert (options.host, options.port, options.data, options.exit_with_stdin) == (
        "127.0.0.1",
        8123,
        Path("here"),
        True,
    )
    assert options.worker


def test_serve_can_leave_the_worker_to_another_process(monkeypatch):
    served = []
    monkeypatch.setattr("huntaze_backend.serve.run", served.append)
    result = CliRunner().invoke(app, ["backend", "serve", "--no-worker"])
    assert result.exit_code == 0, result.output
    assert not served[0].worker


def test_worker_passes_its_flags_on(monkeypatch):
    worked = []
    monkeypatch.setattr("huntaze_backend.serve.run_worker", worked.append)
    result = CliRunner().invoke(app, ["backend", "worker", "--data", "here", "--exit-with-stdin"])
    assert result.exit_code == 0, result.output
    assert (worked[0].data, worked[0].exit_with_stdin) == (Path("here"), True)


def test_a_password_too_short_is_refused_and_not_repeated(monkeypatch, tmp_path):
    monkeypatch.setenv("HUNTAZE_OWNER_PASSWORD", "tiny")
    words = ["backend", "create-owner", "--email", "a@example.org", "--name", "A", "--agency", "N", "--data"]
    result = CliRunner().invoke(app, [*words, str(tmp_path)])
    assert result.exit_code == 2
    assert "password" in result.output
    assert "tiny" not in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "file"), [(["openapi"], "docs/api/openapi.json"), (["env-example"], ".env.example")])
def test_the_checked_in_file_is_what_the_program_generates(words, file):
    result = CliRunner().invoke(app, ["backend", *words])
    assert result.exit_code == 0, result.output
    assert (ROOT / file).read_text(encoding="utf-8") == result.stdout, "run `make generate`"
