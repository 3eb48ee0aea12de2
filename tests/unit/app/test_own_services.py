"""The desktop's own backend lives on what the desktop gives it, not on what the environment holds for a server."""

from pathlib import Path

import pytest

from huntaze_desktop.app.own import Owner, backend_spec


def test_settings_of_a_server_on_this_machine_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "HUNTAZE_DATABASE_URL", "HUNTAZE_OWNER_EMAIL", "HUNTAZE_PUBLIC_URL", "JWT_SECRET"):
        monkeypatch.setenv(name, "of a server")
    monkeypatch.setenv("LANG", "C.UTF-8")
    environment = backend_spec(tmp_path, "5a" * 32, None).environment
    assert environment is not None
    assert "of a server" not in environment.values()
    assert environment["LANG"] == "C.UTF-8"


def test_its_secrets_are_not_on_the_command_line(tmp_path: Path) -> None:
    owner = Owner("Ann", "ann@north.example", "correct horse battery", "Northlight")
    spec = backend_spec(tmp_path, "5a" * 32, owner)
    assert "5a" * 32 not in " ".join(spec.command)
    assert "correct horse battery" not in " ".join(spec.command) + repr(owner)
    assert spec.stdin_line["owner"]["password"] == "correct horse battery"
