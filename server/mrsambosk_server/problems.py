"""Problem documents (RFC 9457): how HTTP says what was refused."""

import http

from mrsambosk_protocol import codec


def problem(status: int, code: str, text: str) -> bytes:
    """The document as JSON. `code` is one of the protocol's; `text` a sentence for a person."""
    return codec.encode_any(
        {"type": "about:blank", "title": phrase(status), "status": status, "detail": text, "code": code}
    )


def phrase(status: int) -> str:
    """The status's standard name."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"
