"""Brings a database to the present schema, by Alembic, in one transaction; the same steps on both databases."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

__all__ = ["upgrade"]

_FOLDER = Path(__file__).parent
_LOCK = 0x68756E74  # one number for all replicas: only one of them migrates


def upgrade(session: Session) -> None:
    """Apply what is missing. The unit of work commits it, or nothing of it."""
    from alembic import command
    from alembic.config import Config

    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
