"""The service as a process: opens and migrates the database, makes the first owner, listens, and ends cleanly.

On the embedded database the worker's loops run in this process; on PostgreSQL they may run in others as well.
"""

from huntaze_backend.serve.administration import create_owner, migrate
from huntaze_backend.serve.options import Owner, ServeOptions
from huntaze_backend.serve.process import run

__all__ = ["Owner", "ServeOptions", "create_owner", "migrate", "run"]
