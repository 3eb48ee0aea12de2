"""A profile: the folder in which one person's desktop keeps its cache, its own backend and its settings.

The settings file holds nothing secret; secrets are in `secrets`. A throw-away profile lives in a temporary folder that
is removed at the end.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

__all__ = ["Profile", "ProfileError", "Settings", "default_root", "throw_away_profile"]


class ProfileError(Exception):
    """The profile's folder cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a profile remembers between runs."""

    mode: str | None = None
    """`demo`, `own` (a backend of its own on this computer) or `server`; None before the first sign-in."""
    server_url: str | None = None
    email: str | None = None
    agency_id: str | None = None
    member_id: str | None = None
    keep_signed_in: bool = True
    theme: str = "system"
    keyring: str | None = None
    """The keyring that holds the keys, so that a change of keyring can be explained instead of locking people out."""
    backend_port: int = 0
    sandbox_port: int = 0
    """Ports of this computer's own processes; kept, so that what they told each other stays true."""
    demo_seed: int = 0
    demo_fans: int = 0
    demo_messages: int = 0
    """The demo agency's world, once there is one: it goes on as it began, whatever the next start asks for."""
    window: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    folder: Path

    @classmethod
    def open(cls, name: str, root: Path | None = None) -> "Profile":
        """The profile's folder, made if needed, readable by its owner only."""
        folder = (root or default_root()) / "profiles" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise ProfileError(f"The profile folder cannot be used: {error}") from error
        return cls(name, folder)

    @property
    def cache_path(self) -> Path:
        return self.folder / "cache.db"

    @property
    def backend_folder(self) -> Path:
        return self.folder / "backend"

    @property
    def demo_backend_folder(self) -> Path:
        """The demo agency's own: who tried it first can still set up an agency of theirs."""
        return self.folder / "demo-backend"

    @property
    def sandbox_folder(self) -> Path:
        return self.folder / "sandbox"

    @property
    def passphrase_path(self) -> Path:
        return self.folder / "secrets.bin"

    def settings(self) -> Settings:
        """The stored settings; a missing or damaged file means defaults, because nothing in it is irreplaceable."""
        try:
            data = json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Settings()
        if not isinstance(data, dict):
            return Settings()
        known = {key: value for key, value in data.items() if key in Settings.__dataclass_fields__}
        window = known.get("window")
        known["window"] = tuple(window) if isinstance(window, list) and len(window) == 2 else None
        return replace(Settings(), **known)

    def save(self, settings: Settings) -> None:
        fresh = self.folder / "settings.json.new"
        fresh.write_text(json.dumps(asdict(settings), indent=2), encoding="utf-8")
        fresh.replace(self.folder / "settings.json")


def default_root() -> Path:
    """Where profiles live: HUNTAZE_HOME, else the platform's folder for application data."""
    home = os.environ.get("HUNTAZE_HOME")
    if home:
        return Path(home)
    import platformdirs

    return Path(platformdirs.user_data_dir("huntaze", appauthor=False))


@contextlib.contextmanager
def throw_away_profile() -> Iterator[Profile]:
    folder = Path(tempfile.mkdtemp(prefix="huntaze-profile-"))
    try:
        yield Profile("throw-away", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
