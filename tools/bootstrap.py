"""The one entry behind every `make` verb: finds a Python, the system libraries and the .venv, then runs the verb.

Standard library only, and no syntax newer than Python 3.5 in this file, so that an old Python reaches the message
that says it is too old. The steps themselves are in the neighbouring files.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
BELOW = (3, 14)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
USAGE = """Usage: make VERB [ARGS="..."]

  demo         open the desktop on the demo agency (without a display: play a scripted shift)
  test         run the tests, e.g. make test ARGS="-k outbox"
  lint         style, types, walls and house rules
  generate     write the files that are generated from the code
  lock         refresh requirements/*.txt, e.g. make lock ARGS=--upgrade
  bench        measure: prints a table and writes bench-output/report.json
  faults       kill processes, lose answers, tear files: prints a table and writes fault-output/report.json
  check-fresh  the same in a bare Debian: make check-fresh, make check-fresh ARGS=demo
  setup        only prepare .venv
"""


def supported(version: "tuple[int, int]") -> bool:
    return OLDEST <= version < BELOW


def another_python() -> "str | None":
    """A supported interpreter on PATH. Asked for its version, because a pyenv shim may exist and not run."""
    for minor in range(BELOW[1] - 1, OLDEST[1] - 1, -1):
        path = shutil.which("python3.%d" % minor)
        if path is None:
            continue
        answer = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info[1])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if answer.returncode == 0 and answer.stdout.strip() == str(minor).encode():
            return path
    return None


def ensure_python() -> None:
    """Go on under a supported Python, or stop with the reason."""
    if supported(sys.version_info[:2]):
        return
    other = another_python()
    if other is not None:
        os.execv(other, [other, os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(
        "Huntaze needs Python 3.11, 3.12 or 3.13; this is %s (%s), and no python3.13, python3.12 or python3.11 that"
        " runs is on PATH.\nInstall one (Debian 12 and 13, Ubuntu 24.04: apt-get install python3 python3-venv), or"
        " say which to take: make PYTHON=/path/to/python3.12 ..." % (sys.version.split()[0], sys.executable)
    )


def run(arguments: "list[str]", extra: "dict[str, str] | None" = None) -> None:
    """Become that program, so that signals and the exit code are its own."""
    sys.stdout.flush()
    os.environ.update(extra or {})
    if os.name == "nt":
        sys.exit(subprocess.call(arguments))
    os.execv(arguments[0], arguments)


def main(arguments: "list[str]") -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.exit(USAGE)
    verb, rest = arguments[0], arguments[1:]
    os.chdir(ROOT)
    ensure_python()

    # Only from here on may newer syntax be read.
    import environment  # type: ignore[import-not-found, unused-ignore]
    import system_check

    if verb == "check-fresh":
        system_check.ensure(system_check.FRESH_ROOT)
        run([sys.executable, os.path.join(ROOT, "tools", "check_fresh.py"), *rest])
    elif verb not in ("demo", "test", "lint", "bench", "faults", "generate", "lock", "setup"):
        sys.exit("make %s: there is no such verb.\n\n%s" % (verb, USAGE))

    runs_the_program = verb in ("demo", "test", "bench", "faults", "setup")
    system_check.ensure(system_check.PYTHON + (system_check.DESKTOP if runs_the_program else ()))
    python = environment.ensure()
    if verb == "demo":
        import demo_display

        demo_display.play(python, rest)
    elif verb == "test":
        # Much of a run is waiting for processes and clocks: two workers take little more than half the time.
        # In the order of tests/conftest.py, not by the number of tests in a file: few tests may take long.
        workers = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        run([python, "-m", "pytest", *workers, *rest], {"QT_QPA_PLATFORM": "offscreen"})
    elif verb == "bench":
        run([python, os.path.join(ROOT, "tests", "benchmarks", "run.py"), *rest], {"QT_QPA_PLATFORM": "offscreen"})
    elif verb == "faults":
        run([python, os.path.join(ROOT, "tests", "faults", "run.py"), *rest], {"QT_QPA_PLATFORM": "offscreen"})
    elif verb in ("lint", "generate", "lock"):
        run([python, os.path.join(ROOT, "tools", verb + ".py"), *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
