"""The migrations lead to exactly the tables that the code declares, on both databases, however often they run."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import Session

from huntaze_backend import migrations
from huntaze_backend.migrations.tables import metadata


async def test_a_migrated_database_has_what_the_code_declares(database):
    def differences(session: Session) -> list[object]:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await database.read(differences) == []


async def test_migrating_again_changes_nothing(database):
    await database.write(migrations.upgrade)
    await database.write(migrations.upgrade)
