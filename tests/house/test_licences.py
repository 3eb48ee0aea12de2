"""What ships may be shipped: each run-time dependency has a licence that allows it, and the copyleft ones are known."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
FREE = re.compile(r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|CC0)", re.IGNORECASE)
# Looked at by hand: copyleft that does not reach our code, or a licence that the package's metadata does not name.
LOOKED_AT = {
    "pyside6-essentials": "LGPL-3: its libraries stay separate files that a user may replace",
    "shiboken6": "LGPL-3: as PySide6",
    "certifi": "MPL-2.0: a list of certificates, unchanged",
    "sqlcipher3": "zlib; brings SQLCipher (BSD) and OpenSSL (Apache-2.0)",
}


def _pins() -> list[str]:
    """What the lock installs here; a pin for another platform cannot be asked for its licence."""
    lines = (ROOT / "requirements" / "run.txt").read_text(encoding="ascii").splitlines()
    pins = [Requirement(line.rstrip("\\ ")) for line in lines if "==" in line and not line.startswith(" ")]
    return [pin.name for pin in pins if pin.marker is None or pin.marker.evaluate()]


def _licence(name: str) -> str:
    info = metadata(name)
    classifiers = [text for text in info.get_all("Classifier", []) if text.startswith("License")]
    return " | ".join([info.get("License-Expression") or "", *classifiers, (info.get("License") or "")[:200]])


@pytest.mark.parametrize("name", _pins())
def test_the_dependency_may_be_shipped(name: str) -> None:
    licence = _licence(name)
    if name in LOOKED_AT:
        return
    assert FREE.search(licence), f"{name}: {licence!r} is not known to allow shipping; decide, then list it with why"
    assert not re.search(r"\bA?GPL|General Public", re.sub("LGPL|Lesser General Public", "", licence)), licence
