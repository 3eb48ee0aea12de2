"""The launcher's short way to the window: the same options as the verb without any."""

import sys

import pytest
from typer.testing import CliRunner

import huntaze_desktop.app.main
import huntaze_desktop.demo.main
from huntaze_cli.commands import app
from huntaze_cli.main import main


@pytest.mark.parametrize(
    ("verb", "module"), [("desktop", huntaze_desktop.app.main), ("demo", huntaze_desktop.demo.main)]
)
def test_a_verb_without_options_opens_what_its_defaults_say(verb, module, monkeypatch):
    opened = []
    monkeypatch.setattr(module, "main", lambda options: opened.append(options) or 7)
    monkeypatch.setattr(sys, "argv", ["huntaze", verb])
    with pytest.raises(SystemExit) as ended:
        main()
    assert CliRunner().invoke(app, [verb]).exit_code == ended.value.code == 7
    short, long = opened
    assert short == long
