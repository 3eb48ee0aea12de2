"""The planted bugs: each still fits the tree, says who must notice, and a bug that nobody notices is told so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults import planted, run
from tests.faults.layer import LayerResult
from tests.faults.planted import PatchError, PlantedBug, Verdict, applies, bugs

ALL = list(bugs())


def test_there_are_at_least_twelve() -> None:
    assert len(ALL) >= 12


@pytest.mark.parametrize("bug", ALL, ids=lambda bug: str(bug.name))
def test_a_planted_bug_still_fits_the_tree(bug: PlantedBug) -> None:
    applies(bug)


@pytest.mark.parametrize("bug", ALL, ids=lambda bug: str(bug.name))
def test_who_must_notice_a_planted_bug_is_there(bug: PlantedBug) -> None:
    kind, _, rest = bug.catcher.partition(" ")
    if kind == "layer":
        assert rest in run.LAYERS
        assert (planted.ROOT / "tests" / "faults" / "layers" / f"{rest}.py").exists()
    else:
        paths = [word.partition("::")[0] for word in rest.split() if word.startswith("tests/")]
        assert paths
        assert all((planted.ROOT / path).exists() for path in paths)


def test_a_patch_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    bug = ALL[0]
    (tmp_path / "backend").mkdir()
    with pytest.raises(PatchError, match=bug.name):
        applies(bug, tmp_path)


def test_a_patch_that_says_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted, "BUGS", tmp_path)
    shutil.copy(ALL[0].path, tmp_path)
    assert [bug.name for bug in bugs()] == [ALL[0].name]
    (tmp_path / "silent.patch").write_text("--- a/x\n+++ b/x\n")
    with pytest.raises(ValueError, match="silent"):
        list(bugs())


def test_a_bug_that_nobody_notices_is_told_and_has_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(planted, "hunt", lambda bug, *, seed: Verdict(bug, None, (), 1.0))
    assert run.main(["--bug", ALL[0].name, "--seed", "1", "--output", str(tmp_path)]) == 3
    assert "NOT CAUGHT" in capsys.readouterr().out
    monkeypatch.setattr(planted, "hunt", lambda bug, *, seed: Verdict(bug, bug.catcher, ("I2: twice",), 1.0))
    assert run.main(["--bug", ALL[0].name, "--seed", "1", "--output", str(tmp_path)]) == 1
    assert "caught by" in capsys.readouterr().out
    assert run.main(["--bug", "no_such_bug", "--output", str(tmp_path)]) == 2


def test_the_report_has_the_promised_fields_and_no_others() -> None:
    results = [
        LayerResult("simulated", {"simulated_sends": 5, "simulated_lost": 0, "other": 1}),
        LayerResult("killed", {"sends": 9, "lost": 1, "max_in_any_60s": 7, "kills": {"backend": 2, "client": 3}}),
    ]
    found = run.report(results, [Verdict(ALL[0], "layer killed (I2)", ("I2: twice",), 1.0)], 42)
    assert found == {
        "lost": 1,
        "doubled": 0,
        "out_of_order": 0,
        "max_in_any_60s": 7,
        "needs_human": 0,
        "failed": 0,
        "kills": {"backend": 2, "worker": 0, "client": 3, "sandbox": 0},
        "sends": 9,
        "simulated_sends": 5,
        "simulated_lost": 0,
        "simulated_doubled": 0,
        "full_stack_sends": 0,
        "planted_bugs": {ALL[0].name: "layer killed (I2)"},
        "seed": 42,
    }


def test_a_violation_makes_the_run_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "_play", lambda name, plan: LayerResult(name, {}, ["I2: a message is there twice"]))
    assert run.main(["--short", "--only", "torn", "--seed", "1", "--output", str(tmp_path)]) == 1
    assert (tmp_path / "layers" / "torn").is_dir()
    monkeypatch.setattr(run, "_play", lambda name, plan: LayerResult(name))
    assert run.main(["--short", "--only", "torn", "--seed", "1", "--output", str(tmp_path)]) == 0
    assert not (tmp_path / "layers" / "torn").exists()
