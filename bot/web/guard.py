"""Who may do what in the browser: seats by cookie, the JSON interface by token, forms only from our own pages."""

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.errors import NotFoundError
from db.ids import LARGEST_ID, MemberId

_COOKIE: Final = "greenlit_seat"
_YEAR: Final = 365 * 24 * 3600
_SEAT_BYTES: Final = 16


class ForeignFormError(PermissionError):
    """A form was sent from another site's page."""


class BadTokenError(PermissionError):
    """The JSON interface was called without its token, or it is switched off."""


class TooLargeError(ValueError):
    """A request's body is longer than anything a person types."""


class _Number(Convertor[int]):
    """A number in an address (``{number:row}``), short enough for every reader of it."""

    regex = "[0-9]{1,40}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("row", _Number())


class OwnFrame:
    """ASGI middleware: no other site may show our pages in a frame and have its visitors click there unaware."""

    _HEADERS: Final = (
        (b"content-security-policy", b"default-src 'self'; base-uri 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with our headers."""

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._HEADERS]}
            await send(message)

        await self._app(scope, receive, headed)


class LimitBody:
    """ASGI middleware: a body of more than ``limit`` bytes ends the request with :class:`TooLargeError`."""

    def __init__(self, app: ASGIApp, *, limit: int = 64 * 1024) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what it brings."""
        brought = 0

        async def counted() -> Message:
            nonlocal brought
            message = await receive()
            brought += len(message.get("body", b""))
            if brought > self._limit:
                raise TooLargeError
            return message

        await self._app(scope, counted, send)


def seat(request: Request) -> str:
    """Return the visitor's seat: the cookie's, or a new one to be set by :func:`keep_seat`."""
    known = request.cookies.get(_COOKIE, "")
    ours = len(known) == _SEAT_BYTES * 2 and set(known) <= set("0123456789abcdef")
    return known if ours else secrets.token_hex(_SEAT_BYTES)


def keep_seat(response: Response, taken: str) -> Response:
    """Have the browser remember its seat."""
    response.set_cookie(_COOKIE, taken, max_age=_YEAR, httponly=True, samesite="lax")
    return response


def sitting(taken: str) -> MemberId:
    """Return the member in a seat."""
    return MemberId(f"page:{taken}")


def require_own_form(request: Request) -> None:
    """Refuse a POST that a page of another origin sent.

    Raises:
        ForeignFormError: the browser says it did.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForeignFormError
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignFormError


def require_token(request: Request, token: str | None) -> None:
    """Refuse a call of the JSON interface without its bearer token.

    Raises:
        BadTokenError: wrong token, or none is set.
    """
    given = request.headers.get("authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise BadTokenError


def number(request: Request, kind: str) -> int:
    """Return the number of a ``kind`` in the address.

    Raises:
        NotFoundError: no row can have it.
    """
    found: int = request.path_params["number"]
    if found > LARGEST_ID:
        raise NotFoundError(kind, str(found)[:20])
    return found
