"""What routes ask for, typed. `app.py` builds each object once and puts it on `app.state`; there are no globals."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from huntaze_backend.core.clock import Clock
from huntaze_backend.core.db import Database

__all__ = ["Db", "Time", "get_clock", "get_db"]

# Asynchronous on purpose: FastAPI runs plain functions in a thread, at 0.1 ms each.


async def get_db(connection: HTTPConnection) -> Database:
    database: Database = connection.app.state.db
    return database


async def get_clock(connection: HTTPConnection) -> Clock:
    clock: Clock = connection.app.state.clock
    return clock


Db = Annotated[Database, Depends(get_db)]
Time = Annotated[Clock, Depends(get_clock)]
