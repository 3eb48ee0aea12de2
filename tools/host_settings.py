"""What a bare root needs to know from this machine to reach packages: apt's sources, pip's settings, certificates.

It is handed over when check-fresh runs and never written into the project, so the project names no host.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

# Names of variables that say where packages come from, through which proxy, and whom to trust.
_CERTIFICATES = re.compile(r"CERT|_CA_BUNDLE$|_CAINFO$|_ROOTS_FILE_PATH$", re.IGNORECASE)
_HANDED = re.compile(rf"^(PIP|UV)_|(^|_)(HTTPS?|FTP|ALL|NO)_PROXY$|{_CERTIFICATES.pattern}", re.IGNORECASE)
_INDEX_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX", "UV_FIND_LINKS")
_INDEX_KEYS = ("index-url", "extra-index-url", "find-links")
_PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
_UV_FILES = ("/etc/uv/uv.toml", "~/.config/uv/uv.toml")
_NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts")
_APT_FOLDERS = ("sources.list.d", "trusted.gpg.d", "keyrings")


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of the environment that is handed over, pointing at the certificates' new places."""
    handed = {name: value for name, value in environment.items() if _HANDED.search(name)}
    places = {str(path): str(moved(path)) for path in certificates(environment)}
    return {name: places.get(value, value) for name, value in handed.items()}


def moved(path: Path) -> Path:
    """Where the root keeps a certificate of the host: aside, because installing ca-certificates rewrites its own."""
    return Path("/etc/host-certificates") / path.relative_to("/")


def mirror(sources: Iterable[str]) -> str | None:
    """The first archive that apt here reads, from texts in either of apt's formats."""
    for text in sources:
        found = re.search(r"^URIs:\s*(\S+)", text, re.MULTILINE) or re.search(
            r"^deb\s+(?:\[[^]]*\]\s*)?(\S+)", text, re.MULTILINE
        )
        if found:
            return found.group(1)
    return None


def apt_sources() -> list[str]:
    """Texts of the active source files of apt."""
    folder = Path("/etc/apt/sources.list.d")
    files = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.sources")), *sorted(folder.glob("*.list"))]
    return [file.read_text(encoding="utf-8") for file in files if file.exists()]


def local_indexes(texts: Iterable[str]) -> list[Path]:
    """Folders of this machine that pip's settings name as an index or as find-links."""
    named = [word for text in texts for word in re.split(r"[\s,]+", text)]
    paths = [re.sub(r"^file://(localhost)?", "", word) for word in named]
    folders = {Path(path) for path in paths if path.startswith("/") and Path(path).is_dir()}
    return sorted(folders)


def pip_values(environment: Mapping[str, str]) -> list[str]:
    """Values of the index and find-links settings, from pip's files and the variables of pip and uv."""
    values = [environment.get(name, "") for name in _INDEX_VARIABLES]
    for name in _PIP_FILES:
        path = Path(name).expanduser()
        if path.exists():
            config = configparser.RawConfigParser()
            config.read(path)
            values += [value for section in config.values() for key, value in section.items() if key in _INDEX_KEYS]
    return values


def certificates(environment: Mapping[str, str]) -> list[Path]:
    """Files and folders of certificates that the environment names."""
    named = {Path(value) for name, value in environment.items() if _CERTIFICATES.search(name)}
    return sorted(path for path in named if path.is_absolute() and path.exists())


def hand_over(root: Path) -> list[Path]:
    """Copy the settings into `root`; return the local folders that must be mounted at their own paths."""
    for name in (*_PIP_FILES, *_UV_FILES, *_NETWORK_FILES):
        source = Path(name).expanduser()
        target = Path("/root", name[2:]) if name.startswith("~/") else Path(name)
        if source.exists():
            _copy(source, root / target.relative_to("/"))
    _hand_over_apt(root)
    for path in certificates(os.environ):
        _copy(path, root / moved(path).relative_to("/"))
    return local_indexes(pip_values(os.environ))


def _hand_over_apt(root: Path) -> None:
    apt = Path("/etc/apt")
    target = root / "etc" / "apt"
    shutil.rmtree(target / "sources.list.d", ignore_errors=True)
    (target / "sources.list").unlink(missing_ok=True)
    for folder in _APT_FOLDERS:
        if (apt / folder).is_dir():
            _copy(apt / folder, target / folder)
    if (apt / "sources.list").exists():
        _copy(apt / "sources.list", target / "sources.list")
    # How to reach the archive, and nothing about how this machine keeps its packages.
    for file in sorted((apt / "apt.conf.d").glob("*")):
        if re.search(r"^\s*Acquire::(http|https|Check|Retries)", file.read_text(encoding="utf-8"), re.MULTILINE):
            _copy(file, target / "apt.conf.d" / file.name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    else:
        shutil.copyfile(source, target)
