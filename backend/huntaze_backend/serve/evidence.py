"""Checks the chain of evidence beside the service, or an export without any service."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from huntaze_backend.core import chain_check
from huntaze_backend.serve.administration import say_why
from huntaze_backend.serve.options import load_settings

__all__ = ["Verified", "verify_evidence"]


@dataclass(frozen=True, slots=True)
class Verified:
    records: int
    faults: list[str]


def verify_evidence(file: Path | None, data: Path | None, *, with_database: bool) -> Verified:
    """Check an export, the database, or both against each other. Ends the process if there is no such database."""
    end, records, faults = None, 0, list[str]()
    if file is not None:
        with file.open(encoding="utf-8", errors="replace") as lines:
            end, records, faults = chain_check.check_export(lines)
    if not with_database:
        return Verified(records, faults)
    stored, said = say_why(lambda: asyncio.run(_read(data, end)))
    return Verified(records or stored, faults + said)


async def _read(data: Path | None, end: chain_check.End | None) -> tuple[int, list[str]]:
    from huntaze_backend.serve.installation import open_installation

    async with open_installation(load_settings(), data) as installation:
        count, faults = await installation.database.read(chain_check.check_stored)
        if end is not None and not await installation.database.read(partial(chain_check.is_stored, end=end)):
            faults.append(f"the database does not have record {end.seq} of the export: it is another chain")
    return count, faults
