"""An export of the chain of evidence: whoever changes, removes, inserts or moves a line is noticed by the file."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.core.chain_check import check_export
from huntaze_backend.core.hash_chain import GENESIS, canonical, link


def an_export(count: int, *, first: int = 1, before: str = GENESIS) -> list[str]:
    lines, last = [], before
    for seq in range(first, first + count):
        body = {"agency_id": "a", "seq": seq, "kind": "accepted", "subject": f"m{seq}", "text_hash": "ï" * 4}
        last = link(last, canonical(body))
        lines.append(canonical({"record": body, "hash": last}))
    end = {"agency_id": "a", "first": first, "last": first + count - 1, "before": before, "hash": last}
    return [*lines, canonical({"end": end})]


def faults(lines: list[str]) -> list[str]:
    return check_export(lines)[2]


@given(st.integers(0, 30), st.integers(1, 5))
def test_what_was_exported_is_well(count: int, first: int) -> None:
    end, records, said = check_export(an_export(count, first=first, before="ab" * 32))
    assert said == []
    assert records == count
    assert end is not None
    assert end.seq == first + count - 1


def changed(lines: list[str], at: int) -> list[str]:
    found = json.loads(lines[at])
    found["record"]["subject"] = "somebody else"
    return [*lines[:at], canonical(found), *lines[at + 1 :]]


def removed(lines: list[str], at: int) -> list[str]:
    return lines[:at] + lines[at + 1 :]


def moved(lines: list[str], at: int) -> list[str]:
    other = (at + 1) % (len(lines) - 1)
    swapped = list(lines)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    return swapped


def inserted(lines: list[str], at: int) -> list[str]:
    forged = json.loads(lines[at])
    forged["record"]["kind"] = "approved"
    forged["hash"] = link(GENESIS, canonical(forged["record"]))
    return [*lines[:at], canonical(forged), *lines[at:]]


def changed_with_its_hash(lines: list[str], at: int) -> list[str]:
    """The record and its own hash are made to fit; those behind it do not."""
    before = GENESIS if at == 0 else json.loads(lines[at - 1])["hash"]
    found = json.loads(lines[at])
    found["record"]["kind"] = "approved"
    found["hash"] = link(before, canonical(found["record"]))
    return [*lines[:at], canonical(found), *lines[at + 1 :]]


@pytest.mark.parametrize("tamper", [changed, removed, moved, inserted, changed_with_its_hash])
@given(count=st.integers(2, 12), where=st.integers(0, 100))
def test_whoever_tampers_is_noticed(tamper: Callable[[list[str], int], list[str]], count: int, where: int) -> None:
    assert faults(tamper(an_export(count), where % count))


@pytest.mark.parametrize("kept", [0, 3])
def test_a_file_that_was_cut_is_noticed(kept: int) -> None:
    assert any("cut" in fault for fault in faults(an_export(5)[:kept]))


def test_the_first_wrong_record_is_named() -> None:
    assert faults(changed(an_export(9), 3)) == ["record 4 was changed, or the one before it"]
    assert faults(removed(an_export(9), 3)) == [
        "record 4 is missing",
    ]


@pytest.mark.parametrize("line", ["", "{", "[]", "7", '{"record":{}}', '{"record":{"seq":"x"},"hash":"y"}', "\ud7ff"])
def test_what_is_no_export_is_no_crash(line: str) -> None:
    assert faults([line])
    assert faults([*an_export(2), line])
