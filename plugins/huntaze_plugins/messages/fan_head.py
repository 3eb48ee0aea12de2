"""The head of the context panel: face, name, where from, since when subscribed."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QDate, QLocale
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import ConversationRow, Fan
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.labels import ElidedLabel, IconLabel
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.tier_badge import TierBadge
from huntaze_plugins.messages.words import language_name, tier_of, tr

_DAYS_IN_MONTH = 30.44


class FanHead(QWidget):
    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._face = Avatar(theme, 48)
        self._name = ElidedLabel(theme, style="heading")
        self._tier = TierBadge(theme)
        self._about = ElidedLabel(theme, style="small", role="text3")
        self._icon = IconLabel(theme, "repeat", 14, "text2")
        self._since = ElidedLabel(theme, style="small", role="text2")
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self._name)
        line.addWidget(self._tier)
        line.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(line)
        words.addWidget(self._about)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self._face)
        top.addLayout(words, 1)
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self._icon)
        below.addWidget(self._since, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(10)
        column.addLayout(top)
        column.addLayout(below)

    def show_fan(self, row: ConversationRow, fan: Fan | None, now: datetime) -> None:
        """What is known: the row is there at once, the fan follows."""
        self._face.set_person(row.fan_id, row.fan_name)
        self._name.setText(row.fan_name)
        kind, text = tier_of(row)
        self._tier.show_tier(kind, tr("VIP") if kind == "vip" else text)
        known: list[str] = []
        if fan is not None:
            known = [part for part in (f"@{fan.username}", fan.location, language_name(fan.language)) if part]
        self._about.setText(" · ".join(known))
        since = _subscription(fan, now) if fan is not None else ""
        self._since.setText(since)
        self._since.setVisible(bool(since))
        self._icon.setVisible(bool(since))


def _subscription(fan: Fan, now: datetime) -> str:
    if not fan.active:
        return tr("Subscription ended")
    if fan.subscribed_at is None:
        return ""
    days = max(0, (now - fan.subscribed_at).days)
    months = int(days / _DAYS_IN_MONTH)
    if months >= 1:
        told = tr("Subscribed %n months", months) if months > 1 else tr("Subscribed 1 month")
    else:
        told = tr("Subscribed %n days", days) if days != 1 else tr("Subscribed 1 day")
    if fan.renews_at is None or fan.renews_at < now:
        return told
    renews = fan.renews_at.astimezone().date()
    when = QLocale().toString(QDate(renews.year, renews.month, renews.day), "d MMM")
    return tr("{0}, renews {1}").format(told, when)
