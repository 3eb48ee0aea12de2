"""Pictures of the design system and the shell, to lay beside the drawn targets.

    python tools/screenshots.py [FOLDER]      (default: screenshots/)

Renders offscreen with the bundled fonts: the components sheet, the shell in its states, sign-in and the error pages,
light and dark, wide and narrow.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QWidget

from component_sheet import ComponentSheet
from huntaze_desktop.ui.error_page import ErrorPage, wrong_cache_key
from huntaze_desktop.ui.passphrase_dialog import PassphrasePage
from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui.state import ConnectionView, CreatorView, PersonView, ShortcutView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.notices import EmptyState
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

NOW = datetime(2026, 3, 6, 14, 37, tzinfo=UTC)
CREATORS = [
    CreatorView("mara", "Mara Lind", "ML"),
    CreatorView("nora", "Nora Bell", "NB"),
    CreatorView("tess", "Tess Alder", "TA"),
    CreatorView("iris", "Iris Roy", "IR"),
]


def settle() -> None:
    for _ in range(5):
        QApplication.processEvents()


def save(widget: QWidget, folder: Path, name: str) -> None:
    settle()
    widget.grab().save(str(folder / f"{name}.png"))
    print(folder / f"{name}.png")


def shell(theme: ThemeManager) -> MainWindow:
    window = MainWindow(theme, version="0.1.0", clock=lambda: NOW)
    page = EmptyState(
        theme,
        icon="check-check",
        title="All caught up",
        text="Every fan has an answer. Pick a conversation to read it again.",
        tone="success",
        large=True,
    )
    page.add_action("Show all", lambda: None)
    window.add_page("messages", "Messages", "message-square", page, "Ctrl+2")
    window.set_person(PersonView("sam", "Sam Ortega", "Chatter", "SO"))
    window.set_creators(CREATORS)
    window.set_page_count("messages", 6)
    window.set_page_shortcuts("messages", [ShortcutView("Next conversation", ("J",)), ShortcutView("Reply", ("R",))])
    window.set_connection(ConnectionView("online", NOW, NOW - timedelta(seconds=4), outbox=2, failures=2))
    window.show()
    return window


def shoot_shell(theme: ThemeManager, folder: Path, suffix: str) -> None:
    window = shell(theme)
    save(window, folder, f"shell{suffix}")
    window.set_connection(ConnectionView("offline", NOW, NOW, outbox=3, accounts_paused=("Mara Lind",)))
    window.toasts.show("Tag removed", action="Undo", on_action=lambda: None)
    save(window, folder, f"shell-offline{suffix}")
    window.top.open_profile()
    save(window, folder, f"profile{suffix}")
    window.top.profile_menu.dismiss()
    window.top.creators.click()
    save(window, folder, f"creators{suffix}")
    window.top.creators.menu.dismiss()
    window.show_shortcuts()
    save(window, folder, f"shortcuts{suffix}")
    window.resize(1024, 680)
    save(window, folder, f"shell-narrow{suffix}")
    window.close_for_good()
    window.deleteLater()


def shoot_covers(theme: ThemeManager, folder: Path, suffix: str) -> None:
    window = MainWindow(theme, version="0.1.0", clock=lambda: NOW)
    page = SignInPage(theme, version="0.1.0", demo_detail="4 creators, 2,000 fans, no account needed")
    page.set_service("up")
    page.set_email("sam@agency.example")
    page.password.setText("not a secret")
    window.set_cover(page)
    window.show()
    page.email.setFocus()
    save(window, folder, f"sign-in{suffix}")
    page.show_error("The address or the password is wrong.", "password")
    page.set_demo_progress("Filling the agency: 42 %", 0.42)
    page.set_server("https://huntaze.example")
    window.resize(1024, 680)
    save(window, folder, f"sign-in-states{suffix}")
    window.resize(1440, 900)
    window.set_cover(PassphrasePage(theme, create=True))
    save(window, folder, f"passphrase{suffix}")
    window.set_cover(ErrorPage(theme, wrong_cache_key("SQLCipher: file is not a database")))
    save(window, folder, f"error{suffix}")
    window.close_for_good()
    window.deleteLater()


def shoot_components(theme: ThemeManager, folder: Path, suffix: str) -> None:
    sheet = ComponentSheet(theme)
    sheet.show()
    settle()
    sheet.ring()
    save(sheet, folder, f"components{suffix}")
    sheet.close()
    sheet.deleteLater()


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)  # noqa: S101 - told to the type checker
    theme = ThemeManager(app, "light", look=Look(less_motion=True))
    for choice, suffix in (("light", ""), ("dark", "-dark")):
        theme.set_choice("dark" if choice == "dark" else "light")
        shoot_components(theme, folder, suffix)
        shoot_shell(theme, folder, suffix)
        shoot_covers(theme, folder, suffix)
    return 0


if __name__ == "__main__":
    sys.exit(main())
