"""Loads the files of tools/, which are programs and not a package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = str(Path(__file__).resolve().parents[2] / "tools")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A module of tools/ by its name, imported as its neighbours import it."""
    before = set(sys.modules)

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(TOOLS)
        module = importlib.import_module(name)
        for added in set(sys.modules) - before:
            if str(getattr(sys.modules[added], "__file__", "")).startswith(TOOLS):
                monkeypatch.delitem(sys.modules, added)  # puts it back at the end; the next test imports it anew
        return module

    return load
