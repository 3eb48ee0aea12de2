"""The `huntaze` command: it starts light, says what is wrong in words, and never imports what a verb does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from huntaze_cli.commands import app


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_help_imports_no_program(tmp_path):
    program = "import sys, huntaze_cli.commands; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    heavy = {"PySide6", "fastapi", "sqlalchemy", "pydantic", "httpx2", "rich", "huntaze_desktop", "huntaze_backend"}
    assert loaded & heavy == set()


def test_the_module_and_the_script_are_the_same_command():
    done = subprocess.run([sys.executable, "-m", "huntaze_cli", "version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip().count(".") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sandbox", "serve", "--speed", "0"), "speed must be above 0"),
        (("sandbox", "serve", "--port", "70000"), "65535"),
        (("sandbox", "serve", "--idempotency", "perhaps"), "journal"),
        (("demo", "--minutes", "0"), "0.1"),
        (("demo", "--fans", "many"), "valid integer"),
        (("desktop", "--theme", "grey"), "system"),
        (("no-such-verb",), "No such command"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_folder_without_a_manifest_is_no_plugin(run, tmp_path):
    result = run("plugin", "check", str(tmp_path))
    assert result.exit_code == 1
    assert "huntaze-plugin.toml" in result.output


def test_a_good_manifest_is_praised_with_what_it_asks_for(run, tmp_path):
    (tmp_path / "huntaze-plugin.toml").write_text(
        'id = "rain"\nname = "Rain"\nversion = "1.2.3"\napi = ">=1.0,<2"\n', encoding="utf-8"
    )
    result = run("plugin", "check", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "Rain 1.2.3" in result.output


def test_a_manifest_for_another_api_is_refused(run, tmp_path):
    (tmp_path / "huntaze-plugin.toml").write_text(
        'id = "rain"\nname = "Rain"\nversion = "1.2.3"\napi = ">=9.0"\n', encoding="utf-8"
    )
    result = run("plugin", "check", str(tmp_path))
    assert result.exit_code == 1
    assert ">=9.0" in result.output


@pytest.mark.parametrize(("fans", "messages"), [("12", 360), ("2000", 60_000), ("9000", 60_000)])
def test_the_demos_flags_reach_the_demo(run, monkeypatch, fans, messages):
    played = []
    monkeypatch.setattr("huntaze_desktop.demo.main.main", lambda options: played.append(options) or 5)
    words = "demo --headless --seed 9 --minutes 1 --speed 2 --outage 10 --report r --journal j --screenshots s --fans"
    result = run(*words.split(), fans)
    assert result.exit_code == 5
    (options,) = played
    assert (options.headless, options.minutes, options.outage_s) == (True, 1.0, 10.0)
    assert (str(options.report), str(options.journal), str(options.screenshots)) == ("r", "j", "s")
    assert (options.settings.seed, options.settings.speed, options.settings.messages) == (9, 2.0, messages)


def test_chaos_befalls_played_shifts_only(run, monkeypatch):
    played = []
    monkeypatch.setattr("huntaze_desktop.demo.main.main", lambda options: played.append(options) or 0)
    refused = run("demo", "--chaos")
    assert refused.exit_code == 2
    assert "--headless" in refused.output
    assert run("demo", "--headless", "--chaos").exit_code == 0
    (options,) = played
    assert (options.chaos, options.outage_s) == (True, 60.0)


def test_the_desktops_flags_reach_the_desktop(run, monkeypatch):
    opened = []
    monkeypatch.setattr("huntaze_desktop.app.main.main", lambda options: opened.append(options) or 0)
    result = run("desktop", "--profile", "night", "--server", "https://agency.example", "--no-plugins")
    assert result.exit_code == 0
    (options,) = opened
    assert (options.profile, options.server, options.plugins) == ("night", "https://agency.example", False)
