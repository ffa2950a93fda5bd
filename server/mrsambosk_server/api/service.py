"""What the host says of itself: health, metrics, and the description of this API."""

import base64
import hashlib
import html
import ipaddress
from typing import Any, Final

from starlette.responses import Response

from .. import people
from ..problems import HEADERS
from .answers import answer
from .operations import Call, Operation

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em;max-width:70em}td,th{text-align:left;"
    "padding:.3em .8em;border-bottom:1px solid #ddd}td:nth-child(-n+2){font-family:monospace}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: This page's one style sheet and nothing else.
_PAGE_HEADERS: Final = {
    **HEADERS,
    "Content-Security-Policy": f"{HEADERS['Content-Security-Policy']}; style-src 'sha256-{_STYLE_HASH}'",
}


async def healthz(call: Call) -> Response:
    return answer({"status": "ok"})


async def metrics(call: Call) -> Response:
    """Prometheus text, for this machine or the owner."""
    if not _is_loopback(call.address) or "x-forwarded-for" in call.request.headers:
        await call.sign_in()
        call.require("metrics")
    sums = await call.context.ledger.read(people.counts)
    sessions = call.context.services.sessions
    values = {
        "mrsambosk_people": ("People who have an account", sums["people"]),
        "mrsambosk_rooms": ("Rooms", sums["rooms"]),
        "mrsambosk_messages": ("Messages stored so far", sums["messages"]),
        "mrsambosk_connections": ("Open WebSockets", len(sessions)),
        "mrsambosk_actions_waiting": ("Actions waiting for the writer", call.context.ledger.waiting),
    }
    text = "".join(
        f"# HELP {name} {what}.\n# TYPE {name} gauge\n{name} {value}\n" for name, (what, value) in values.items()
    )
    return Response(text, 200, HEADERS, "text/plain; version=0.0.4")


async def openapi(call: Call) -> Response:
    return answer(call.context.description)


async def docs(call: Call) -> Response:
    """The same description as a page that needs nothing from elsewhere."""
    return Response(_page(call.context.description), 200, _PAGE_HEADERS, "text/html")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _page(description: dict[str, Any]) -> str:
    rows = []
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            takes = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            gives = operation["responses"]
            given = next((code for code in gives if code.startswith("2")), "")
            schema = gives.get(given, {}).get("content", {}).get("application/json", {}).get("schema", {})
            cells = (method.upper(), path, operation["summary"], _name(takes), f"{given} {_name(schema)}")
            rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Mrsambosk API</title>"
        f"<style>{_STYLE}</style>"
        f"<h1>Mrsambosk {html.escape(description['info']['version'])}</h1>"
        "<p>Send <code>Authorization: Bearer TOKEN</code>. The full description is <code>/openapi.json</code>.</p>"
        "<table><tr><th>Method<th>Path<th>Does<th>Takes<th>Gives</tr>" + "".join(rows) + "</table></html>"
    )


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


OPERATIONS = (
    Operation(method="GET", path="/healthz", handler=healthz, summary="Whether the host is well", public=True),
    Operation(method="GET", path="/metrics", handler=metrics, summary="Prometheus metrics", public=True),
    Operation(method="GET", path="/openapi.json", handler=openapi, summary="This description", public=True),
    Operation(method="GET", path="/docs", handler=docs, summary="This description as a page", public=True),
)
