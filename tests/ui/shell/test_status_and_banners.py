"""What the status bar and the standing banners say in each state of the connection."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui.state import ConnectionView, CostsView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui.words import age, clock_time
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import Label
from tests.ui.shell.conftest import NOW

if TYPE_CHECKING:
    from tests.ui.shell.conftest import HandClock


def said(window: MainWindow) -> list[str]:
    """The status bar's visible words, from left to right, without language and version."""
    labels = [label for label in window.status.findChildren(Label) if label.isVisible() and label.text()]
    labels.sort(key=lambda label: label.mapTo(window.status, label.rect().topLeft()).x())
    return [label.text() for label in labels][:-2]


def test_online_says_how_fresh_it_is(window: MainWindow) -> None:
    assert said(window) == ["Online", "Synced 4 s ago", "Outbox 2"]


def test_what_ai_costs_today_is_shown_to_whom_it_is_told(window: MainWindow) -> None:
    costs = window.status.costs
    assert costs.isHidden()
    window.set_costs(CostsView(today=6_420_000_000, month=81_000_000_000, limit=15_000_000_000))
    assert said(window)[3:] == ["AI today", "$6.42", "of $15.00"]
    assert costs.bar.value == pytest.approx(0.428)
    assert costs.toolTip() == "AI costs of the agency: $6.42 of $15.00 today, $81.00 this month."
    window.set_costs(CostsView(today=0, month=0))
    assert said(window)[3:] == ["AI today", "$0.00"]
    assert costs.bar.isHidden()
    window.set_costs(None)
    assert said(window)[3:] == []


def test_a_passed_budget_is_said_in_words(window: MainWindow) -> None:
    window.set_costs(CostsView(today=16_000_000_000, month=0, limit=15_000_000_000))
    assert "small models are preferred" in window.status.costs.accessibleName()


def test_what_was_not_sent_is_counted(window: MainWindow) -> None:
    window.set_connection(ConnectionView("online", NOW, NOW, outbox=0, failures=2))
    assert said(window) == ["Online", "Synced 0 s ago", "Outbox 0", "2 not sent"]


def test_the_age_counts_on_by_itself(window: MainWindow, clock: HandClock, qtbot: QtBot) -> None:
    clock.pass_(minutes=3)
    qtbot.waitUntil(lambda: "Synced 3 min ago" in said(window), timeout=3000)


def test_offline_says_since_when_and_what_is_queued(window: MainWindow) -> None:
    window.set_connection(ConnectionView("offline", NOW, NOW, outbox=3))
    time = clock_time(NOW)
    assert said(window) == ["Offline", "– 3 queued", f"Last sync {time}", "Outbox 3"]
    banner = window.sheet.banners["offline"]
    assert banner.accessibleName() == (
        f"You are offline since {time}. Keep reading and writing. "
        "3 messages are queued and send in order when the connection is back."
    )
    window.set_connection(ConnectionView("online", NOW, NOW))
    assert window.sheet.banners == {}


def test_offline_for_days_names_the_day_too(window: MainWindow, clock: HandClock) -> None:
    clock.pass_(days=3)
    window.set_connection(ConnectionView("offline", NOW, NOW))
    time = clock_time(NOW)
    assert f"Last sync 6 Mar, {time}" in said(window)
    assert window.sheet.banners["offline"].accessibleName().startswith(f"You are offline since 6 Mar, {time}.")


@pytest.mark.parametrize(
    ("queued", "words"),
    [(0, "What you send waits here"), (1, "1 message is queued"), (2, "2 messages are queued")],
)
def test_the_banner_counts_what_is_queued(window: MainWindow, queued: int, words: str) -> None:
    window.set_connection(ConnectionView("offline", None, None, outbox=queued))
    assert words in window.sheet.banners["offline"].accessibleName()


def test_the_banner_changes_its_words_without_being_made_anew(window: MainWindow) -> None:
    window.set_connection(ConnectionView("offline", NOW, NOW, outbox=1))
    before = window.sheet.banners["offline"]
    window.set_connection(ConnectionView("offline", NOW, NOW, outbox=2))
    assert window.sheet.banners["offline"] is before


def test_retry_asks_for_a_retry(window: MainWindow, qtbot: QtBot) -> None:
    window.set_connection(ConnectionView("offline", NOW, NOW))
    retry = window.findChild(Button, "banner.offline.retry")
    assert isinstance(retry, Button)
    with qtbot.waitSignal(window.retry_requested):
        qtbot.mouseClick(retry, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("names", "status", "banner"),
    [
        (("Mara Lind",), "1 account signed out", "Mara Lind is signed out of the platform."),
        (("Mara Lind", "Nora Bell"), "2 accounts signed out", "Mara Lind, Nora Bell are signed out of the platform."),
    ],
)
def test_accounts_that_stopped_are_named(window: MainWindow, names: tuple[str, ...], status: str, banner: str) -> None:
    window.set_connection(ConnectionView("online", NOW, NOW, accounts_paused=names))
    assert status in said(window)
    assert window.sheet.banners["paused"].accessibleName().startswith(banner)


@pytest.mark.parametrize(
    ("state", "words"), [("connecting", ["Connecting…", "Outbox 0"]), ("signed_out", ["Signed out"])]
)
def test_without_a_connection_nothing_is_claimed(window: MainWindow, state: str, words: list[str]) -> None:
    window.set_connection(ConnectionView(state))  # type: ignore[arg-type]
    assert said(window) == words


def test_the_outbox_is_a_link_only_when_it_opens_something(window: MainWindow, qtbot: QtBot) -> None:
    link = window.findChild(Button, "status.outbox_link")
    assert isinstance(link, Button)
    assert not link.isVisible()
    window.status.set_outbox_opens(True)
    assert (link.isVisible(), link.text()) == (True, "Outbox 2")
    with qtbot.waitSignal(window.outbox_requested):
        qtbot.mouseClick(link, Qt.MouseButton.LeftButton)


def test_each_part_can_be_read_out(window: MainWindow) -> None:
    window.set_connection(ConnectionView("offline", NOW, NOW, 3, 1, ("Mara Lind",)))
    named = {"status.connection": "Offline – 3 queued", "status.failures": "1 not sent"}
    for object_name, words in named.items():
        part = window.findChild(QWidget, object_name)
        assert isinstance(part, QWidget)
        assert part.accessibleName() == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")]
)
def test_ages_use_the_largest_whole_unit(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_times_are_written_as_the_person_writes_them() -> None:
    moment = NOW.astimezone() + timedelta(0)
    before = QLocale()
    try:
        QLocale.setDefault(QLocale(QLocale.Language.French, QLocale.Country.France))
        assert clock_time(NOW) == f"{moment:%H:%M}"
        QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
        assert clock_time(NOW).endswith(("AM", "PM"))
    finally:
        QLocale.setDefault(before)
