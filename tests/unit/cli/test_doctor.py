"""The doctor's findings, each on a computer that has the thing and on one that lacks it."""

from __future__ import annotations

import http.server
import io
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from huntaze_cli import doctor
from huntaze_cli.doctor import Finding, Verdict


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that answers every request with `body`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_this_computer_has_what_it_needs():
    broken = [
        finding for finding in (doctor.python(), doctor.qt(), doctor.sqlite(), doctor.loopback()) if finding.advice
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), Verdict.BROKEN), ((3, 11), Verdict.OK), ((3, 13), Verdict.OK), ((3, 14), Verdict.BROKEN)],
)
def test_only_supported_pythons_pass(monkeypatch, version, verdict):
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    assert doctor.python().verdict is verdict


def test_a_missing_qt_is_broken_and_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "PySide6.QtWidgets", None)
    finding = doctor.qt()
    assert finding.verdict is Verdict.BROKEN
    assert "make setup" in finding.advice


def test_no_display_is_a_note_that_names_the_headless_demo(monkeypatch):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    finding = doctor.display()
    assert finding.verdict is Verdict.NOTE
    assert "--headless" in finding.advice


def test_a_profile_folder_that_is_a_file_is_broken(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUNTAZE_HOME", str(tmp_path / "file"))
    assert doctor.profile().verdict is Verdict.BROKEN


def test_a_writable_profile_folder_is_left_as_it_was(monkeypatch, tmp_path):
    monkeypatch.setenv("HUNTAZE_HOME", str(tmp_path / "new"))
    assert doctor.profile().verdict is Verdict.OK
    assert list((tmp_path / "new").iterdir()) == []


def test_a_backend_of_our_major_is_well():
    with answering(json.dumps({"api": "2.7"}).encode()) as address:
        assert doctor.backend(address).verdict is Verdict.OK


@pytest.mark.parametrize("body", [b'{"api": "3.0"}', b"<html>Please log in</html>", b"{}", b"[]"])
def test_anything_else_is_not_our_backend(body):
    with answering(body) as address:
        assert doctor.backend(address).verdict is Verdict.BROKEN


def test_a_backend_that_is_not_there_is_broken():
    assert doctor.backend("http://127.0.0.1:9").verdict is Verdict.BROKEN


def test_a_backend_in_trouble_is_broken():
    with answering(b'{"api": "2.0"}', status=503) as address:
        assert doctor.backend(address).verdict is Verdict.BROKEN


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.OK, 0), (Verdict.NOTE, 0), (Verdict.BROKEN, 1)])
def test_only_what_is_broken_fails_the_command(monkeypatch, verdict, code):
    monkeypatch.setattr(doctor, "CHECKS", [lambda: Finding("Thing", verdict, "[found]", "do this")])
    page = io.StringIO()
    assert doctor.report(None, Console(file=page, width=100)) == code
    assert "[found]" in page.getvalue()
