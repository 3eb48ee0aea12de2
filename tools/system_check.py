"""Which system packages are missing: all of them at once, found by trying each thing and not by asking a package list.

As root, or where sudo needs no password, they are installed with apt; otherwise one line says what to run.
HUNTAZE_NO_APT=1 never installs.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Something of the system: `kind` is "library" (opened), "program" (on PATH) or "module" (importable)."""

    kind: str
    name: str
    package: str

    def missing(self) -> bool:
        if self.kind == "program":
            return shutil.which(self.name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin:/sbin") is None
        if self.kind == "module":
            return importlib.util.find_spec(self.name) is None
        try:
            ctypes.CDLL(self.name)
        except OSError:
            return True
        return False


# Debian splits ensurepip off into the package of the interpreter's own version.
PYTHON = (Need("module", "ensurepip", f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"),)

# What `ldd` names for Qt's offscreen and xcb platforms on a bare Debian 12; the package names resolve on Debian 13 and
# Ubuntu 24.04 too. fontconfig is needed for its configuration: the fonts themselves are in resources/.
_QT = (
    Need("library", "libglib-2.0.so.0", "libglib2.0-0"),
    Need("library", "libEGL.so.1", "libegl1"),
    Need("library", "libGL.so.1", "libgl1"),
    Need("library", "libX11.so.6", "libx11-6"),
    Need("library", "libdbus-1.so.3", "libdbus-1-3"),
    Need("library", "libfontconfig.so.1", "libfontconfig1"),
    Need("library", "libfreetype.so.6", "libfreetype6"),
    Need("library", "libxkbcommon.so.0", "libxkbcommon0"),
    Need("library", "libX11-xcb.so.1", "libx11-xcb1"),
    Need("library", "libxcb-cursor.so.0", "libxcb-cursor0"),
    Need("library", "libxcb-icccm.so.4", "libxcb-icccm4"),
    Need("library", "libxcb-image.so.0", "libxcb-image0"),
    Need("library", "libxcb-keysyms.so.1", "libxcb-keysyms1"),
    Need("library", "libxcb-randr.so.0", "libxcb-randr0"),
    Need("library", "libxcb-render-util.so.0", "libxcb-render-util0"),
    Need("library", "libxcb-shape.so.0", "libxcb-shape0"),
    Need("library", "libxcb-xkb.so.1", "libxcb-xkb1"),
    Need("library", "libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
)
_VIRTUAL_DISPLAY = (Need("program", "Xvfb", "xvfb"),)
# One test talks to a real keyring service on a private bus.
_KEYRING = (Need("program", "gnome-keyring-daemon", "gnome-keyring"), Need("program", "dbus-run-session", "dbus"))
DESKTOP = (*_QT, *_VIRTUAL_DISPLAY, *_KEYRING)

FRESH_ROOT = (
    Need("program", "debootstrap", "debootstrap"),
    Need("program", "unshare", "util-linux"),
    Need("program", "git", "git"),
)


def ensure(needs: tuple[Need, ...]) -> None:
    """Return with everything present, or exit 1 after naming everything that is not."""
    if not sys.platform.startswith("linux"):
        return  # Qt's wheels for Windows and macOS bring what they need
    missing = [need for need in needs if need.missing()]
    if not missing:
        return
    packages = sorted({need.package for need in missing})
    if "HUNTAZE_NO_APT" not in os.environ and shutil.which("apt-get") and _may_install():
        print(f"Installing {len(packages)} system packages: {' '.join(packages)}", flush=True)
        if _install(packages):
            importlib.invalidate_caches()
            missing = [need for need in missing if need.missing()]
            if not missing:
                return
        else:
            print("apt-get failed; its own words are above.", file=sys.stderr)
    _explain(missing)


def _may_install() -> bool:
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    return sudo is not None and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0


def _install(packages: list[str]) -> bool:
    # A package service just after boot holds dpkg's lock for minutes; waiting is kinder than failing.
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    if os.geteuid() != 0:
        apt = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", *apt]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*apt, "update"], env=quiet, stdin=subprocess.DEVNULL, check=False)
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    done = subprocess.run(install, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _explain(missing: list[Need]) -> None:
    names = ", ".join(need.name for need in missing)
    packages = " ".join(sorted({need.package for need in missing}))
    sudo = "" if os.geteuid() == 0 else "sudo "
    command = f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {packages}"
    where = "" if shutil.which("apt-get") else " (the names are Debian's; this system has its own for the same things)"
    sys.exit(f"The system lacks: {names}\nInstall them with this line, then run make again{where}:\n\n  {command}\n")
