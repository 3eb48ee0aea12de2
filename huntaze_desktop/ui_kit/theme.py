"""The look as values: colours by role, type styles, measures, motion.

A `Theme` is what delegates and widgets paint with. It is immutable in meaning: another palette, scale or contrast is
another `Theme`, made by `ThemeManager`. Nothing here touches widgets.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from PySide6.QtGui import QColor, QFont, QFontMetricsF

from huntaze_desktop.ui_kit.icons import Icons
from huntaze_desktop.ui_kit.shadow import Shadow, Shadows

ColorRole = Literal[
    "canvas", "surface", "subtle", "sunken", "raised", "fill", "hover", "pressed", "selected", "railSelected",
    "border", "borderStrong", "borderControl", "text", "text2", "text3", "textDisabled", "onAccent",
    "accent", "accentHover", "accentPressed", "accentText", "accentSubtle", "accentBorder", "focus",
    "success", "successText", "successSubtle", "successBorder", "warning", "warningText", "warningSubtle",
    "warningBorder", "danger", "dangerText", "dangerSubtle", "dangerBorder",
    "bubbleIn", "bubbleOut", "bubbleOutText", "vip", "vipSubtle", "scrim",
]  # fmt: skip
TextStyle = Literal[
    "display", "metric", "title", "heading", "message",
    "body", "bodyMedium", "bodyStrong", "small", "smallMedium", "micro",
]  # fmt: skip
Duration = Literal["fast", "base", "slow", "skeleton"]
ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a person chose; each combination gives one `Theme`."""

    name: ThemeName = "light"
    high_contrast: bool = False
    less_motion: bool = False
    scale: float = 1.0


class Theme:
    """Tokens resolved for one look. Colours and fonts are made on first use and kept."""

    def __init__(self, tokens: Mapping[str, Any], look: Look, icons: Icons, shadows: Shadows) -> None:
        self.look = look
        self.name: ThemeName = look.name
        self.icons = icons
        self.shadows = shadows
        self._tokens = tokens
        colors = dict(tokens["color"][look.name])
        if look.high_contrast:
            colors |= tokens["color"]["highContrastOverrides"][look.name]
        self._hex: dict[str, str] = colors
        self._colors: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, int | None, float | None], QFont] = {}
        self._metrics: dict[str, QFontMetricsF] = {}

    def at_scale(self, scale: float) -> Theme:
        """The same theme at another text scale, for pictures whose text is part of the drawing."""
        if scale == self.look.scale:
            return self
        return Theme(self._tokens, replace(self.look, scale=scale), self.icons, self.shadows)

    def at_least(self, length: int) -> int:
        """A control's length that grows with larger text and keeps its drawn size with smaller."""
        return max(length, self.px(length))

    @property
    def is_dark(self) -> bool:
        return self.name == "dark"

    def roles(self) -> tuple[ColorRole, ...]:
        """Every colour role."""
        return get_args(ColorRole)

    def field_color(self) -> QColor:
        """Ground of text fields: the sheet by day, a well by night."""
        return self.color("sunken" if self.is_dark else "surface")

    def secondary_color(self) -> QColor:
        """Ground of secondary buttons."""
        return self.color("raised" if self.is_dark else "surface")

    def card_color(self) -> QColor:
        """Ground of cards on the sheet."""
        return self.color("subtle" if self.is_dark else "surface")

    def hex(self, role: ColorRole) -> str:
        """The colour of a role as `#RRGGBB`."""
        return self._hex[role]

    def color(self, role: ColorRole, alpha: float | None = None) -> QColor:
        """The colour of a role; with `alpha` (0 to 1) a translucent copy."""
        color = self._colors.get(role)
        if color is None:
            color = self._colors[role] = QColor(self._hex[role])
        if alpha is None:
            return color
        faded = QColor(color)
        faded.setAlphaF(alpha)
        return faded

    def font(self, style: TextStyle, *, weight: int | None = None, size: float | None = None) -> QFont:
        """The font of a type style, with tabular figures; `weight` and `size` replace the style's own."""
        key = (style, weight, size)
        font = self._fonts.get(key)
        if font is None:
            font = self._fonts[key] = self._make_font(style, weight, size)
        return font

    def _make_font(self, style: TextStyle, weight: int | None, size: float | None) -> QFont:
        kind = self._tokens["type"]
        spec = kind["styles"][style]
        font = QFont()
        # The emoji font comes straight after Inter: Inter has every letter and digit we show, and a system
        # fallback in between would draw some emoji in outline.
        font.setFamilies([kind["family"], kind["emoji"], *kind["fallback"]])
        pixels = max(1, round((size if size is not None else spec["size"]) * self.look.scale))
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight(weight if weight is not None else spec["weight"]))
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spec["tracking"] * pixels)
        font.setFeature(QFont.Tag("tnum"), 1)
        # Hinting moves stems to whole pixels, which makes 500 and 600 look alike at 13 px.
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def metrics(self, style: TextStyle) -> QFontMetricsF:
        """Cached metrics of `font(style)`."""
        metrics = self._metrics.get(style)
        if metrics is None:
            metrics = self._metrics[style] = QFontMetricsF(self.font(style))
        return metrics

    def line_height(self, style: TextStyle) -> int:
        return self.px(self._tokens["type"]["styles"][style]["line"])

    def px(self, length: float) -> int:
        """A text-bound length at the chosen scale (90 to 150 %)."""
        return round(length * self.look.scale)

    def radius(self, name: Literal["xs", "sm", "md", "lg", "xl", "bubble", "bubbleTail"]) -> int:
        value: int = self._tokens["radius"][name]
        return value

    def size(self, name: str) -> int:
        """A size of the tokens' `size` table by dotted path, such as `"row.conversation"` or `"timer"`."""
        value: Any = self._tokens["size"]
        for part in name.split("."):
            value = value[part]
        return int(value)

    def layout(self, name: str) -> Any:
        """An entry of the tokens' `layout` table by dotted path, such as `"contextPanel.min"`."""
        value: Any = self._tokens["layout"]
        for part in name.split("."):
            value = value[part]
        return value

    def duration(self, name: Duration) -> int:
        """Milliseconds; 0 for all with "less motion"."""
        motion = self._tokens["motion"]
        value: int = (motion["reduced"] if self.look.less_motion else motion["duration"])[name]
        return value

    def easing(self) -> tuple[float, float, float, float]:
        """Control points of the ease-out curve."""
        x1, y1, x2, y2 = self._tokens["motion"]["easing"]["out"]
        return x1, y1, x2, y2

    def shadow(self, level: Literal[1, 2, 3]) -> Shadow:
        spec = self._tokens["shadow"][self.name][str(level)]
        return Shadow(y=spec["y"], blur=spec["blur"], color=spec["color"], opacity=spec["opacity"])

    def scrim(self) -> QColor:
        """What lies over the window behind a dialog."""
        return self.color("scrim", self._tokens["color"]["scrimOpacity"][self.name])

    def avatar_colors(self, stable_id: str) -> tuple[QColor, QColor]:
        """Background and foreground of a person or creator: the same for the same id on every machine."""
        order = self._tokens["avatar"]["order"]
        name = order[zlib.crc32(stable_id.encode()) % len(order)]
        return self.named_avatar_colors(name)

    def named_avatar_colors(self, name: str) -> tuple[QColor, QColor]:
        """Background and foreground of one avatar colour by its name in the tokens."""
        pair = self._tokens["avatar"][self.name][name]
        return QColor(pair["bg"]), QColor(pair["fg"])
