"""The worker's door: one HTTP application over one engine."""

import hmac
import logging
import secrets
from collections.abc import AsyncGenerator, Callable
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
from model.briefs import Brief
from model.engine import Engine, EngineError, EngineFailedError, EngineUnauthorizedError, Event, Terms
from model.engines import PromptTooLongError
from model.events import EventStream
from model.schema import Problem, ProblemBody, Status

MAX_BODY: Final = 64 * 1024  # bytes
PATIENCE: Final = 1.0  # seconds in which a failure can still become a status code
VERSION: Final = "1"
_STATUSES: Final[dict[type[EngineError], int]] = {
    EngineUnauthorizedError: 401,
    engine.AdapterMissingError: 404,
    engine.AdapterBrokenError: 422,
    PromptTooLongError: 422,
    engine.NothingOriginalError: 422,
    engine.LineFullError: 429,
    EngineFailedError: 500,
    engine.EngineUnavailableError: 503,
    engine.DeadlineError: 504,
}
_log = logging.getLogger(__name__)


class _TooLargeError(Exception):
    """The body of a request is larger than ``MAX_BODY``."""


def create_app(
    writer: Engine, *, token: SecretStr | None, status: Callable[[], Status], keep_alive: float = 10.0
) -> Starlette:
    """Return the application: ``writer`` answers briefs, ``status`` says whether it can, ``token`` guards ``/v1``.

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
        return JSONResponse(status().model_dump())

    async def livez(_request: Request) -> Response:
        return JSONResponse({"live": True})

    async def readyz(_request: Request) -> Response:
        if not status().ready:
            raise engine.EngineUnavailableError("loading")
        return JSONResponse({"ready": True})

    async def interface(_request: Request) -> Response:
        return JSONResponse(openapi.document(VERSION))

    return Starlette(
        routes=[
            Route("/v1/drafts", drafts, methods=["POST"]),
            Route("/v1/status", about),
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/openapi.json", interface),
        ],
        exception_handlers={
            EngineError: _engine_failed,
            wire.WireError: _unreadable,
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
        if isinstance(error, tuple(_STATUSES)):
            raise
        reference = secrets.token_hex(4)
        _log.exception("brief failed, reference %s", reference)
        raise EngineFailedError(reference) from error


def _authorise(request: Request, token: SecretStr | None) -> None:
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


async def _no_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _problem(status, Problem(code="not_found", detail="no such address or method"))


async def _nobody_there(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)
