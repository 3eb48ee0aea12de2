"""The service's database on PostgreSQL, as the bench reads and watches it: by psql, with nothing of the product."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["PostgresStore"]

_WATCH = (
    "CREATE TABLE bench_states (n bigserial PRIMARY KEY, message_id text, before text, after text)",
    """CREATE FUNCTION bench_state() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN INSERT INTO bench_states (message_id, before, after) VALUES (new.id, old.state, new.state);
       RETURN NULL; END $$""",
    """CREATE TRIGGER bench_state AFTER UPDATE OF state ON messages FOR EACH ROW
       WHEN (old.state IS NOT NULL AND old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION bench_state()""",
)


class _Server(Protocol):
    def url(self, database: str) -> str: ...

    def sql(self, statement: str, database: str = ...) -> str: ...


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """One database of a running server."""

    server: _Server
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """What a query gives, as values of JSON."""
        told = self.server.sql(f"SELECT coalesce(json_agg(found), '[]') FROM ({statement}) AS found", self.name)
        # A row is an object whose names may repeat: what counts is the order of its values.
        found: list[tuple[Any, ...]] = json.loads(told, object_pairs_hook=lambda pairs: tuple(v for _, v in pairs))
        return found

    def watch(self, window_s: float, spacing_s: float, limit: int) -> None:
        """Put the bench's trigger in, and give every account this limit."""
        for statement in _WATCH:
            self.server.sql(statement, self.name)
        set_ = f"window_s = {window_s}, spacing_s = {spacing_s}, send_limit = {limit}"
        self.server.sql(f"UPDATE creators SET {set_}", self.name)
