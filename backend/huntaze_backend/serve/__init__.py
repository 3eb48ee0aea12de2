"""The service as a process: opens and migrates the database, makes the first owner, listens, and ends cleanly.

On the embedded database the worker's loops run in this process. On PostgreSQL one process of all is the worker: one
that serves, or one of its own (working.py).
"""

from huntaze_backend.serve.administration import create_owner, migrate
from huntaze_backend.serve.options import Owner, ServeOptions, WorkerOptions
from huntaze_backend.serve.process import run
from huntaze_backend.serve.working import run_worker

__all__ = ["Owner", "ServeOptions", "WorkerOptions", "create_owner", "migrate", "run", "run_worker"]
