"""The banners that follow from the connection: offline, and accounts whose platform session ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from huntaze_desktop.ui.sheet import Sheet
from huntaze_desktop.ui.state import ConnectionView
from huntaze_desktop.ui.words import since_when, translate
from huntaze_desktop.ui_kit.notices import Banner
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_OFFLINE = "offline"
_PAUSED = "paused"


class StandingBanners:
    """Keeps the sheet's standing banners in step with the connection; each is announced once, when it appears."""

    def __init__(
        self,
        theme: ThemeManager,
        sheet: Sheet,
        retry: Callable[[], object],
        outbox: Callable[[], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._theme = theme
        self._sheet = sheet
        self._retry = retry
        self._outbox = outbox
        self._clock = clock
        self._outbox_opens = False

    def set_outbox_opens(self, opens: bool) -> None:
        """Whether somebody answers "View outbox"; until then the banner does not offer it."""
        self._outbox_opens = opens

    def set_connection(self, view: ConnectionView) -> None:
        self._set(_OFFLINE, _offline(view, self._clock()) if view.state == "offline" else None)
        self._set(_PAUSED, _paused(view.accounts_paused) if view.accounts_paused else None)

    def _set(self, key: str, words: tuple[str, str] | None) -> None:
        shown = self._sheet.banners.get(key)
        if words is None:
            self._sheet.hide_banner(key)
        elif shown is not None:
            shown.set_content(*words)
        else:
            banner = self._make(key, *words)
            self._sheet.show_banner(key, banner)
            banner.announce()

    def _make(self, key: str, title: str, text: str) -> Banner:
        if key == _PAUSED:
            return Banner(self._theme, "error", title, text)
        banner = Banner(self._theme, "warning", title, text, icon="cloud-off")
        if self._outbox_opens:
            view = banner.add_action(translate("Banner", "View outbox"), self._outbox)
            view.setObjectName("banner.offline.outbox")
        retry = banner.add_action(translate("Banner", "Retry now"), self._retry, primary=True, icon="refresh-cw")
        retry.setObjectName("banner.offline.retry")
        return banner


def _offline(view: ConnectionView, now: datetime) -> tuple[str, str]:
    if view.since is None:
        title = translate("Banner", "You are offline.")
    else:
        title = translate("Banner", "You are offline since {time}.").format(time=since_when(view.since, now))
    if view.outbox == 0 and view.changes == 1:
        return title, translate("Banner", "Keep reading and writing. 1 change waits and goes out by itself.")
    if view.outbox == 0 and view.changes:
        text = translate("Banner", "Keep reading and writing. {count} changes wait and go out by themselves.")
        return title, text.format(count=view.changes)
    if view.outbox == 0:
        return title, translate("Banner", "Keep reading and writing. What you send waits here and goes out in order.")
    if view.outbox == 1:
        return title, translate(
            "Banner", "Keep reading and writing. 1 message is queued and sends when the connection is back."
        )
    text = translate(
        "Banner",
        "Keep reading and writing. {count} messages are queued and send in order when the connection is back.",
    )
    return title, text.format(count=view.outbox)


def _paused(names: tuple[str, ...]) -> tuple[str, str]:
    if len(names) == 1:
        title = translate("Banner", "{name} is signed out of the platform.").format(name=names[0])
    else:
        title = translate("Banner", "{names} are signed out of the platform.").format(names=", ".join(names))
    return title, translate("Banner", "New messages have stopped there. Other creators are not affected.")
