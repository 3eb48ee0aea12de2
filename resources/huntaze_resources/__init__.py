"""Icons, fonts and other data that ship with Huntaze.

Everything is read on demand through these functions, so that a process that shows nothing pays for nothing.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["compliance_lists", "fonts", "icon_names", "icon_svg", "logo_svg", "tokens"]

_ROOT = Path(str(files(__name__)))


def compliance_lists() -> tuple[str, ...]:
    """The default rules of compliance as TOML, for `huntaze_contract.compliance.policy_from_toml`."""
    return tuple(path.read_text(encoding="utf-8") for path in sorted((_ROOT / "compliance").glob("*.toml")))


def fonts() -> tuple[Path, ...]:
    """The font files of the interface: Inter 400, 500, 600 (text) and Noto Color Emoji."""
    return tuple(sorted((_ROOT / "fonts").glob("*.ttf")))


def icon_names() -> frozenset[str]:
    """Names that `icon_svg` knows."""
    return frozenset(path.stem for path in (_ROOT / "icons").glob("*.svg"))


def icon_svg(name: str) -> str:
    """The SVG source of a Lucide icon: 24 × 24, stroke `currentColor`, width 2.

    Raises:
        KeyError: no icon of this name ships.
    """
    path = _ROOT / "icons" / f"{name}.svg"
    if "/" in name or "\\" in name or not path.is_file():
        raise KeyError(name)
    return path.read_text(encoding="utf-8")


def logo_svg() -> str:
    """The mark: 32 × 32, its field in `currentColor`."""
    return (_ROOT / "logo.svg").read_text(encoding="utf-8")


def tokens() -> dict[str, Any]:
    """The design tokens as parsed JSON; all lengths are logical pixels."""
    parsed: dict[str, Any] = json.loads((_ROOT / "tokens.json").read_text(encoding="utf-8"))
    return parsed
