"""`make check-fresh`: the honest proof that two commands are enough.

A development machine has most system libraries already, so a green run there hides a missing install step. Here a bare
Debian root (debootstrap's minbase with git, make and python3) gets a clone of HEAD and this machine's package and
certificate settings, and `make test` runs in it as root; `make check-fresh ARGS=demo` does the same with the demo.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import host_settings

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path.home() / ".cache" / "huntaze"
CHECKOUT = "/srv/huntaze"
PACKAGES = "git,make,python3"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
SET_UP = b"Set up in "  # what the bootstrap says when everything is installed


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--inside"]:
        return _inside(Path(arguments[1]), arguments[2:])
    if os.geteuid() != 0:
        sys.exit("check-fresh mounts and chroots, which needs root: sudo make check-fresh")
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("test", [])
    if verb not in ("test", "demo"):
        sys.exit("check-fresh runs `test` or `demo`: make check-fresh ARGS=demo")
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT, check=False).returncode != 0:
        print("Uncommitted changes are not part of this check: it clones HEAD.", flush=True)
    started = time.monotonic()
    base = _base()
    CACHE.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="fresh-", dir=CACHE))
    try:
        subprocess.run(["tar", "-C", root, "-xf", base], check=True)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, root / CHECKOUT[1:]], check=True)
        print(f"bare root with a clone of HEAD: {time.monotonic() - started:.1f} s", flush=True)
        # A private mount table and process table: whatever is mounted or left running in there ends with it.
        apart = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        inner = [sys.executable, os.path.abspath(__file__), "--inside", str(root), verb, *rest]
        return subprocess.run([*apart, *inner], check=False).returncode
    finally:
        # Never over a mount, should one have stayed: the host's folders are bound in there.
        subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)


def _base() -> Path:
    """The bare root as a tarball: made once for a Debian or Ubuntu release, that of this machine."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = release.get("VERSION_CODENAME", "stable").strip('"')
    tarball = CACHE / f"{suite}-minbase.tar"
    if tarball.exists():
        return tarball
    print(f"Building a bare {suite} root once (about 40 s); it is kept as {tarball}", flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    mirror = host_settings.mirror(host_settings.apt_sources())
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        target = Path(folder, "root")
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(target)]
        done = subprocess.run(
            ["unshare", "--mount", *command, *([mirror] if mirror else [])],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"debootstrap failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        partial = Path(folder, "base.tar")
        subprocess.run(["tar", "-C", target, "-cf", partial, "."], check=True)
        partial.replace(tarball)
    return tarball


def _inside(root: Path, arguments: list[str]) -> int:
    """Runs in the private namespaces: mounts what a program expects, then makes the verb and times it."""
    _mount(["-t", "proc", "proc"], root / "proc")
    _mount(["-t", "tmpfs", "-o", "mode=755", "tmpfs"], root / "dev")
    for device in DEVICES:
        (root / "dev" / device).touch()
        _mount(["--bind", f"/dev/{device}"], root / "dev" / device)
    for name, options in (
        ("shm", ["-t", "tmpfs", "tmpfs"]),
        ("pts", ["-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts"]),
    ):
        (root / "dev" / name).mkdir()
        _mount(options, root / "dev" / name)
    (root / "dev" / "ptmx").symlink_to("pts/ptmx")
    (root / "dev" / "fd").symlink_to("/proc/self/fd")
    for folder in host_settings.hand_over(root):
        target = root / folder.relative_to("/")
        target.mkdir(parents=True, exist_ok=True)
        _mount(["--bind", str(folder)], target)
        subprocess.run(["mount", "-o", "remount,ro,bind", target], check=True)
    return _make(root, arguments[0], arguments[1:])


def _mount(options: list[str], target: Path) -> None:
    subprocess.run(["mount", *options, target], check=True)


def _make(root: Path, verb: str, rest: list[str]) -> int:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    clean = {"HOME": "/root", "PATH": path, "LANG": "C.UTF-8", "TERM": os.environ.get("TERM", "dumb")}
    command = ["chroot", str(root), "make", "-C", CHECKOUT, verb, *([f"ARGS={' '.join(rest)}"] if rest else [])]
    started = time.monotonic()
    set_up = None
    environment = {**host_settings.variables(os.environ), **clean}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            sys.stdout.buffer.write(b"  " + line)
            sys.stdout.buffer.flush()
            if line.startswith(SET_UP):
                set_up = time.monotonic() - started
    code = process.returncode
    total = time.monotonic() - started
    verdict = "passed" if code == 0 else f"FAILED with {code}"
    parts = f"set-up {set_up:.1f} s, then {total - set_up:.1f} s" if set_up is not None else "no set-up was finished"
    print(f"make {verb} in a bare root {verdict}: {total:.1f} s ({parts})", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
