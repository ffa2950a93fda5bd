"""Problem documents (RFC 9457): how HTTP says what was refused; and the headers of everything that is served."""

import http
from typing import Final

from mrsambosk_protocol import codec

PROBLEM: Final = "application/problem+json"
#: They keep a browser from guessing, keeping, framing or running anything that came from here.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def problem(status: int, code: str, text: str) -> bytes:
    """The document as JSON. `code` is one of the protocol's; `text` a sentence for a person."""
    return codec.encode_any(
        {"type": "about:blank", "title": phrase(status), "status": status, "detail": text, "code": code}
    )


def plain_answer(status: int, code: str, text: str) -> bytes:
    """A whole HTTP answer with that document, after which the connection ends."""
    body = problem(status, code, text)
    fields = {**HEADERS, "Content-Type": PROBLEM, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {phrase(status)}\r\n{head}\r\n".encode() + body


def phrase(status: int) -> str:
    """The status's standard name."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"
