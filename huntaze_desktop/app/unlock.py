"""Getting at the profile's secrets: the system's keyring, or a person's passphrase where there is none."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QWidget

from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.app.profile import Profile
from huntaze_desktop.app.secrets import (
    KeyringSecrets,
    MemorySecrets,
    NoKeyringError,
    Secrets,
    usable_keyring,
)
from huntaze_desktop.ui.passphrase_dialog import PassphrasePage
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

__all__ = ["unlock"]


async def unlock(
    profile: Profile,
    options: DesktopOptions,
    theme: ThemeManager,
    cover: Callable[[QWidget | None], None],
) -> Secrets | None:
    """The profile's secrets, or None if the person chose to quit instead.

    A passphrase, once chosen for a profile, stays the way in: a keyring that appears later knows none of its keys.
    """
    if options.throw_away:
        return MemorySecrets()
    if not profile.passphrase_path.exists():
        try:
            backend = await asyncio.to_thread(usable_keyring)
        except NoKeyringError:
            pass
        else:
            kind = type(backend)
            profile.save(replace(profile.settings(), keyring=f"{kind.__module__}.{kind.__qualname__}"))
            return KeyringSecrets(backend, profile.name)
    return await _ask(profile, theme, cover)


async def _ask(profile: Profile, theme: ThemeManager, cover: Callable[[QWidget | None], None]) -> Secrets | None:
    from huntaze_desktop.app.passphrase import PassphraseSecrets, WrongPassphraseError

    page = PassphrasePage(theme, create=not profile.passphrase_path.exists())
    answers: asyncio.Queue[str | None] = asyncio.Queue()
    page.accepted.connect(answers.put_nowait)
    page.rejected.connect(lambda: answers.put_nowait(None))
    cover(page)
    while True:
        phrase = await answers.get()
        if phrase is None:
            return None
        try:
            found = await asyncio.to_thread(PassphraseSecrets, profile.passphrase_path, phrase)
        except WrongPassphraseError:
            page.show_error(translate("Passphrase", "This is not the passphrase. Nothing was changed."))
        except OSError as error:
            page.show_error(
                translate("Passphrase", "The passphrase file cannot be used: {error}").format(error=error.strerror)
            )
        else:
            cover(None)
            return found
