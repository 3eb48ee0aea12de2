"""The status page: plain HTML that says what this is, that nothing in it is real, and how it stands."""

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from huntaze_sandbox.admin import status_of
from huntaze_sandbox.http import platform_of

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1d2433}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.35rem .6rem;"
    "border-bottom:1px solid #dfe3ec}td.n,th.n{text-align:right}code{background:#f1f3f8;padding:.1rem .3rem}"
)


async def home(request: Request) -> Response:
    return HTMLResponse(render(status_of(platform_of(request))))


def render(status: dict[str, Any]) -> str:
    """Write the page from the status; everything that came from outside is escaped."""
    personas = status["personas"]
    state = f"living at {personas['speed']:g} times real time" if personas["running"] else "standing still"
    limit = f"{status['rate_limit']} sends per account in any 60 s" if status["rate_limit"] else "off"
    accounts = "".join(_account_row(row) for row in status["accounts"])
    faults = "".join(_fault_row(rule) for rule in status["faults"]) or "<tr><td>none</td></tr>"
    hooks = status["webhooks"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Huntaze sandbox</title><style>{STYLE}</style>"
        "<h1>Huntaze sandbox platform</h1>"
        "<p>A simulation for demo, training and tests. No person, message or payment in it is real, "
        "and it is connected to no platform.</p>"
        f"<p>Seed {status['seed']}. Personas are {state}. Limit: {limit}. "
        f"Idempotency: {escape(status['idempotency'])}.</p>"
        "<h2>Accounts</h2><table><tr><th>Name<th>Id<th>Log-in<th class=n>Fans<th class=n>Messages"
        f"<th class=n>Unread<th class=n>Transactions</tr>{accounts}</table>"
        f"<h2>Faults in force</h2><table>{faults}</table>"
        f"<h2>Webhooks</h2><p>{hooks['endpoints']} endpoints, {hooks['delivered']} delivered, {hooks['lost']} lost.</p>"
        "<p>The API answers under <code>/api</code>, the controls under <code>/admin</code>; both want the bearer key. "
        "How to use them is in <code>docs/guide/sandbox.md</code>.</p></html>"
    )


def _account_row(row: dict[str, Any]) -> str:
    log_in = "connected" if row["authenticated"] else "expired"
    numbers = "".join(f"<td class=n>{row[name]:,}" for name in ("fans", "messages", "unread", "transactions"))
    return f"<tr><td>{escape(row['name'])}<td><code>{escape(row['id'])}</code><td>{log_in}{numbers}</tr>"


def _fault_row(rule: dict[str, Any]) -> str:
    details = ", ".join(f"{name} {value}" for name, value in rule.items() if name != "kind")
    return f"<tr><td>{escape(rule['kind'])}<td>{escape(details)}</tr>"


routes = [Route("/", home)]
