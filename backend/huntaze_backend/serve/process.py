"""Starting the process: secrets from the parent, the port, then everything else.

What is slow to import is imported when the port is ours, so that a refusal comes at once.
"""

import asyncio
import os
import socket
from typing import TYPE_CHECKING

from huntaze_backend.serve.failures import StartError, give_up
from huntaze_backend.serve.options import (
    Parent,
    ServeOptions,
    load_settings,
    read_parent,
    require_postgresql,
    with_parent,
)
from huntaze_backend.settings import Settings

if TYPE_CHECKING:
    from huntaze_backend.app import Adapters

__all__ = ["run"]


def run(options: ServeOptions, *, adapters: "Adapters | None" = None) -> None:
    """Serve until SIGTERM, SIGINT or, if that was asked for, the end of stdin.

    Exit status: 0 after a clean end; 2 bad settings, 3 port taken, 4 wrong database key, 5 SQLite too old, 6 another
    service works in the data folder, 7 the database fails, 8 the worker broke. Each but 0 comes
    with one line of JSON on stderr.
    """
    try:
        settings = load_settings()
        parent = read_parent() if options.exit_with_stdin else Parent()
        asyncio.run(_serve(options, with_parent(settings, parent), parent, adapters))
    except StartError as error:
        give_up(error)


async def _serve(options: ServeOptions, settings: Settings, parent: Parent, adapters: "Adapters | None") -> None:
    if not options.worker:
        require_postgresql(settings, "`serve` without its worker")
    # The port first: a parent that chose it must not wait for imports and a migration to learn that it is taken.
    with _listen(options.host, options.port) as listening:
        from huntaze_backend.app import build
        from huntaze_backend.core import logs
        from huntaze_backend.serve.chosen import chosen_by
        from huntaze_backend.serve.installation import add_first_owner, open_installation, owner_of
        from huntaze_backend.serve.running import run_until_end

        logs.configure(settings.log_level)
        async with open_installation(settings, options.data) as installation:
            owner = parent.owner or owner_of(settings)
            if owner is not None:
                await add_first_owner(installation.database, owner)
            app, services = build(installation.database, installation.secrets, adapters=adapters or chosen_by(settings))
            port = int(listening.getsockname()[1])
            services.own_url = settings.public_url or f"http://{_reachable(options.host)}:{port}"
            await run_until_end(app, services, listening, watch_stdin=options.exit_with_stdin, works=options.worker)


def _listen(host: str, port: int) -> socket.socket:
    """Bind the address. Raises: StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "nt":
            # There SO_REUSEADDR would let two processes have the port.
            listening.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it; without, an answer's body waits 40 ms for the client's delayed ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host, port))
        # Not only bound: two processes may bind a port that neither listens on yet.
        listening.listen(256)
    except OSError as error:
        listening.close()
        raise StartError("PORT_TAKEN", f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
    return listening


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
