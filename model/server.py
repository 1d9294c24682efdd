"""The worker's door: one HTTP application over one engine."""

import asyncio
import hmac
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from model import engine, openapi, problems, wire
from model.adapter_errors import AdapterRefusedError, NoStoreError, NothingBeforeError
from model.briefs import Brief
from model.dresser import Dresser
from model.engine import Engine, EngineError, EngineFailedError, EngineUnauthorizedError, Event, Terms
from model.engines import AdapterMissingError, NoRoomError, PromptTooLongError
from model.events import EventStream
from model.schema import Adapters, Problem, ProblemBody, Status

MAX_BODY: Final = 64 * 1024  # bytes
PATIENCE: Final = 1.0  # seconds in which a failure can still become a status code
VERSION: Final = "1"
_STATUSES: Final[dict[type[EngineError], int]] = {
    EngineUnauthorizedError: 401,
    NoStoreError: 404,
    NothingBeforeError: 409,
    AdapterMissingError: 422,
    AdapterRefusedError: 422,
    PromptTooLongError: 422,
    engine.NothingOriginalError: 422,
    engine.LineFullError: 429,
    EngineFailedError: 500,
    NoRoomError: 503,
    engine.EngineUnavailableError: 503,
    engine.DeadlineError: 504,
}
_log = logging.getLogger(__name__)


class _FromPageError(Exception):
    """A browser sent this for a web page: the worker may have no token, but no page is to talk with it."""


class _TooLargeError(Exception):
    """The body of a request is larger than ``MAX_BODY``."""


def create_app(
    writer: Engine,
    *,
    token: SecretStr | None,
    status: Callable[[], Status],
    dresser: Callable[[], Dresser],
    keep_alive: float = 10.0,
) -> Starlette:
    """Return the application: ``writer`` answers briefs, ``status`` says whether it can, ``token`` guards ``/v1``.

    ``dresser`` swaps the adapters; it raises :class:`EngineUnavailableError` while the model loads.

    While nothing is written a comment goes out every ``keep_alive`` seconds: silence then means loss.
    """

    async def drafts(request: Request) -> ASGIApp:
        _authorise(request, token)
        brief, terms = wire.order_from_json(await _body(request))
        stream = EventStream(_guarded(writer, brief, terms), keep_alive=keep_alive)
        await stream.open(PATIENCE)
        return stream

    async def about(request: Request) -> Response:
        _authorise(request, token)
        return JSONResponse((await asyncio.to_thread(status)).model_dump())  # it looks into the store

    async def adapters(request: Request) -> Response:
        _authorise(request, token)
        return await _swapped(dresser(), None)

    async def activate(request: Request) -> Response:
        _authorise(request, token)
        name = wire.activation_from_json(await _body(request))
        return await _swapped(dresser(), lambda room: room.activate(name))

    async def rollback(request: Request) -> Response:
        _authorise(request, token)
        return await _swapped(dresser(), Dresser.rollback)

    async def livez(_request: Request) -> Response:
        return JSONResponse({"live": True})

    async def readyz(_request: Request) -> Response:
        if not (await asyncio.to_thread(status)).ready:
            raise engine.EngineUnavailableError("loading")
        return JSONResponse({"ready": True})

    async def interface(_request: Request) -> Response:
        return JSONResponse(openapi.document(VERSION))

    return Starlette(
        routes=[
            Route("/v1/drafts", drafts, methods=["POST"]),
            Route("/v1/status", about),
            Route("/v1/adapters", adapters),
            Route("/v1/adapters/activate", activate, methods=["POST"]),
            Route("/v1/adapters/rollback", rollback, methods=["POST"]),
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/openapi.json", interface),
        ],
        exception_handlers={
            EngineError: _engine_failed,
            wire.WireError: _unreadable,
            _FromPageError: _from_page,
            _TooLargeError: _too_large,
            HTTPException: _no_route,
            ClientDisconnect: _nobody_there,
        },
    )


async def _guarded(writer: Engine, brief: Brief, terms: Terms) -> AsyncGenerator[Event]:
    try:
        async with aclosing(writer.stream(brief, terms)) as events:
            async for event in events:
                yield event
    except Exception as error:
        raise _told(error, "brief") from error


async def _swapped(dresser: Dresser, change: Callable[[Dresser], Awaitable[None]] | None) -> Response:
    try:
        if change is not None:
            await change(dresser)
        names, pointer = await dresser.pointer()
    except Exception as error:
        raise _told(error, "swap of adapters") from error
    told = Adapters(names=list(names), active=pointer.active, before=list(pointer.before), worn=dresser.active)
    return JSONResponse(told.model_dump())


def _told(error: Exception, what: str) -> EngineError:
    """Return the error as the wire knows it; one that it does not know is logged, and found by a reference."""
    if isinstance(error, EngineError) and type(error) in _STATUSES:
        return error
    reference = secrets.token_hex(4)
    _log.exception("%s failed, reference %s", what, reference)
    return EngineFailedError(reference)


def _authorise(request: Request, token: SecretStr | None) -> None:
    if "origin" in request.headers:
        raise _FromPageError
    if token is None:
        return
    said = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(said, f"Bearer {token.get_secret_value()}".encode()):
        raise EngineUnauthorizedError


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise _TooLargeError
    return bytes(body)


def _problem(status: int, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(ProblemBody(error=problem).model_dump(exclude_none=True), status, headers)


async def _engine_failed(_request: Request, error: Exception) -> Response:
    if not isinstance(error, EngineError):
        raise error
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, engine.LineFullError) else None
    if isinstance(error, EngineUnauthorizedError):
        headers = {"WWW-Authenticate": "Bearer"}
    return _problem(_STATUSES[type(error)], problems.error_to_problem(error), headers)


async def _unreadable(_request: Request, error: Exception) -> Response:
    return _problem(422, Problem(code="bad_brief", detail=str(error)))


async def _too_large(_request: Request, _error: Exception) -> Response:
    return _problem(413, Problem(code="too_large", detail=f"at most {MAX_BODY} bytes"), {"Connection": "close"})


async def _from_page(_request: Request, _error: Exception) -> Response:
    return _problem(403, Problem(code="unauthorized", detail="the worker answers programs, not web pages"))


async def _no_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _problem(status, Problem(code="not_found", detail="no such address or method"))


async def _nobody_there(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)
