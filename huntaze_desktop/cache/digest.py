"""What this store holds of the server's rows, boiled down as the server does it, so that both can be compared."""

from sqlalchemy import Connection, text

from huntaze_contract import wire
from huntaze_desktop.cache.schema import BY_ENTITY

_MODULUS = 1_000_003


def digest(connection: Connection) -> dict[str, wire.KindDigest]:
    """Each kind of row by its number, the sum of its versions, and the sum of their squares modulo 1,000,003."""
    kinds: dict[str, wire.KindDigest] = {}
    for entity, table in BY_ENTITY.items():
        row = connection.execute(
            text(
                f"SELECT count(*) AS n, ifnull(sum(ver), 0) AS total,"  # noqa: S608 - own names
                f" ifnull(sum((ver % {_MODULUS}) * (ver % {_MODULUS}) % {_MODULUS}), 0) AS squares FROM {table.name}"
            )
        ).one()
        kinds[entity] = wire.KindDigest(count=row.n, sum=row.total, squares=row.squares)
    return kinds


def newest(connection: Connection) -> int:
    """The highest version here; above the cursor where the answer to a request brought a row before sync did."""
    highest = " UNION ALL ".join(f"SELECT max(ver) AS ver FROM {table.name}" for table in BY_ENTITY.values())  # noqa: S608
    return int(connection.execute(text(f"SELECT ifnull(max(ver), 0) FROM ({highest})")).scalar_one())  # noqa: S608


def differences(ours: dict[str, wire.KindDigest], theirs: dict[str, wire.KindDigest]) -> list[str]:
    """The kinds of rows in which both differ; a kind that this desktop does not know is not its business."""
    none = wire.KindDigest(count=0, sum=0, squares=0)
    return [entity for entity, mine in ours.items() if mine != theirs.get(entity, none)]
