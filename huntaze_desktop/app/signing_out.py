"""Signing out: ask about what is unsent, then remove the local copy, its key first."""

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QWidget

from huntaze_desktop.app.profile import Profile
from huntaze_desktop.app.secrets import Secrets
from huntaze_desktop.app.workplace import CACHE_KEY, REFRESH_TOKEN
from huntaze_desktop.ui.confirm import ConfirmSheet
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

__all__ = ["confirm_loss", "set_cache_aside", "wipe"]


async def confirm_loss(window: QWidget, theme: ThemeManager, unsent: int, changes: int) -> bool:
    """Ask whether messages that were not sent, and changes that wait, may be deleted with the local copy."""
    words = " ".join(part for part in (_messages(unsent), _changes(changes)) if part)
    sheet = ConfirmSheet(
        theme,
        window,
        title=translate("SignOut", "Sign out and delete unsent messages")
        if unsent
        else translate("SignOut", "Sign out and delete waiting changes"),
        text=words,
        confirm=translate("SignOut", "Delete and sign out"),
        cancel=translate("SignOut", "Stay signed in"),
    )
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def decided(yes: bool) -> None:
        if not answer.done():
            answer.set_result(yes)

    sheet.decided.connect(decided)
    sheet.open()
    return await answer


def _messages(unsent: int) -> str:
    if unsent == 0:
        return ""
    if unsent == 1:
        return translate(
            "SignOut",
            "1 message on this computer is not sent. Signing out deletes the local copy and this message with it.",
        )
    return translate(
        "SignOut",
        "{n} messages on this computer are not sent. Signing out deletes the local copy and them with it.",
    ).format(n=unsent)


def _changes(changes: int) -> str:
    if changes == 0:
        return ""
    if changes == 1:
        return translate("SignOut", "1 change, such as a note or a tag, waits for the server and would be lost.")
    return translate("SignOut", "{n} changes, such as notes and tags, wait for the server and would be lost.").format(
        n=changes
    )


def wipe(profile: Profile, secrets: Secrets) -> None:
    """Remove the local copy. The key goes first: without it what is left of the files on the disk is noise."""
    secrets.delete(CACHE_KEY)
    secrets.delete(REFRESH_TOKEN)
    for path in _files(profile):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def set_cache_aside(profile: Profile, secrets: Secrets) -> str:
    """Rename a local copy that cannot be opened, so that a key that comes back still finds it; returns its new name."""
    mark = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for path in _files(profile):
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_name(f"{path.name}.aside-{mark}"))
    secrets.delete(CACHE_KEY)
    return f"{profile.cache_path.name}.aside-{mark}"


def _files(profile: Profile) -> list[Path]:
    path = profile.cache_path
    return [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
