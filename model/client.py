"""The worker as an engine, over HTTP and Server-Sent Events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import httpx_sse
from pydantic import BaseModel, SecretStr, ValidationError

from model import problems, wire
from model.briefs import Brief
from model.engine import (
    ANYHOW,
    EngineError,
    EngineFailedError,
    EngineLostError,
    EngineUnauthorizedError,
    EngineUnavailableError,
    Event,
    Finished,
    LineFullError,
    Terms,
)
from model.schema import Activation, Adapters, Status

SILENCE: Final = 30.0  # seconds; the worker sends a sign of life every ten
CONNECT: Final = 5.0
A = TypeVar("A", bound=BaseModel)
_DIGITS: Final = 6  # a Retry-After with as many is no time that anybody waits


class WorkerClient:
    """An engine at ``base_url``. It never asks twice by itself; close it with :meth:`aclose` or ``async with``.

    A stream without a byte for ``silence`` seconds (signs of life included) is lost.
    """

    def __init__(self, base_url: str, token: SecretStr | None, *, silence: float = SILENCE) -> None:
        said = [(b"Authorization", f"Bearer {token.get_secret_value()}".encode())] if token else []
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers=said,
            timeout=httpx.Timeout(silence, connect=CONNECT, pool=None),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield the worker's events; see :class:`model.engine.Engine`. Closing tells the worker to stop.

        Raises:
            EngineError: see the list in :mod:`model.engine`.
        """
        begun = False
        try:
            async with httpx_sse.aconnect_sse(
                self._http,
                "POST",
                "/v1/drafts",
                content=wire.brief_to_json(brief, terms),
                headers={"Content-Type": "application/json"},
            ) as source:
                await _require_success(source.response)
                begun = True
                async with aclosing(source.aiter_sse()) as messages:
                    async for message in messages:
                        event = wire.event_from_json(message.data)
                        yield event
                        if isinstance(event, Finished):
                            return
        except (httpx_sse.SSEError, httpx.DecodingError, wire.WireError) as error:  # the first is a TransportError, too
            raise EngineFailedError(f"not understood: {error}") from error
        except httpx.TransportError as error:
            raise EngineLostError if begun else EngineUnavailableError from error
        raise EngineLostError

    async def ready(self) -> bool:
        """Say whether the worker answers and has loaded its model."""
        try:
            return (await self._http.get("/readyz")).is_success
        except httpx.RequestError:
            return False

    async def status(self) -> Status:
        """Return what the worker says about itself.

        Raises:
            EngineUnauthorizedError, EngineUnavailableError: it says nothing to us, or nothing at all.
        """
        return await self._answer(Status, "GET", "/v1/status")

    async def adapters(self) -> Adapters:
        """Return what the worker's store has, and what is active.

        Raises:
            NoStoreError: it has none.
            EngineError: see :meth:`status`; or its store cannot be read.
        """
        return await self._answer(Adapters, "GET", "/v1/adapters")

    async def activate(self, name: str | None) -> Adapters:
        """Have the briefs that come from now on written with a stored adapter, or with none.

        Raises:
            AdapterMissingError, AdapterRefusedError: it cannot be worn; nothing is changed.
            EngineError: see :meth:`adapters`.
        """
        body = Activation(name=name).model_dump_json()
        return await self._answer(Adapters, "POST", "/v1/adapters/activate", body)

    async def rollback(self) -> Adapters:
        """Have the briefs that come from now on written with what was active before.

        Raises:
            NothingBeforeError: there is nothing to go back to.
            EngineError: see :meth:`activate`.
        """
        return await self._answer(Adapters, "POST", "/v1/adapters/rollback")

    async def _answer(self, kind: type[A], method: str, path: str, body: str | None = None) -> A:
        try:
            response = await self._http.request(method, path, content=body)
        except httpx.RequestError as error:
            raise EngineUnavailableError from error
        await _require_success(response)
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise EngineUnavailableError from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def _require_success(response: httpx.Response) -> None:
    if not response.is_success:
        raise _error(response, await response.aread())


def _error(response: httpx.Response, body: bytes) -> EngineError:
    try:
        return problems.problem_to_error(wire.problem_from_json(body))
    except wire.WireError:  # not our worker's words: a proxy in between
        status = response.status_code
    if status == httpx.codes.UNAUTHORIZED:
        return EngineUnauthorizedError()
    if status == httpx.codes.TOO_MANY_REQUESTS:
        seconds = response.headers.get("Retry-After", "")
        return LineFullError(int(seconds) if seconds.isdecimal() and len(seconds) < _DIGITS else 1)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return EngineUnavailableError(f"HTTP {status}")
    return EngineFailedError(f"HTTP {status}")
