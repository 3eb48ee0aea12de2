"""The PostgreSQL fixture itself: real, separate per test, and made by an unprivileged user."""

import os
from pathlib import Path

import asyncpg


async def _query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_the_url_leads_to_a_real_postgres(postgres_url):
    assert "PostgreSQL" in str(await _query(postgres_url, "SELECT version()"))


async def test_a_database_starts_empty_whatever_other_tests_did(postgres_server, postgres_url):
    other = postgres_server.create()
    await _query(postgres_server.url(other), "CREATE TABLE left_behind (id int)")

    tables = await _query(postgres_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")

    postgres_server.drop(other)
    assert tables == 0


def test_a_template_is_built_once_and_copied(postgres_server):
    built = []

    def build(url: str) -> None:
        built.append(url)
        postgres_server.sql("CREATE TABLE fans AS SELECT 7 AS id", database="template_with_fans")

    for _ in range(2):
        copy = postgres_server.create(postgres_server.template("with_fans", build))
        assert postgres_server.sql("SELECT id FROM fans", database=copy) == "7"
        postgres_server.drop(copy)
    assert len(built) == 1


def test_text_is_unicode_and_sorts_the_same_everywhere(postgres_server):
    assert postgres_server.sql("SELECT upper('é'), 'Z' < 'a'") == "É|t"


def test_no_server_process_runs_as_root(postgres_server):
    backend = postgres_server.sql("SELECT pg_backend_pid()")
    assert backend.isdigit()
    postmaster = postgres_server.sql("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
    assert Path(f"/proc/{postmaster}").stat().st_uid != 0 or os.geteuid() != 0
