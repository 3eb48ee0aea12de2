"""How fast a new account's history is read from the platform and stored."""

from tests.benchmarks.agency import Agency
from tests.benchmarks.figures import Figure

__all__ = ["run"]


def run(agency: Agency, name: str) -> list[Figure]:
    rate = agency.messages / agency.backfill_s
    return [
        Figure(f"backfill, {name}", rate, "messages/s", peer="the sandbox on the same machine", more_is_better=True)
    ]
