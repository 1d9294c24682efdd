"""One server that speaks OpenAI's completions, over HTTP: what is asked of it, and what its answers mean."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx
import httpx_sse
from pydantic import BaseModel, SecretStr, ValidationError

from model.engine import EngineError, EngineLostError, EngineUnauthorizedError, EngineUnavailableError, LineFullError

SILENCE: Final = 300.0  # seconds; a server says nothing while a request waits in its line
CONNECT: Final = 5.0
_DIGITS: Final = 6  # a Retry-After with as many is no time that anybody waits
_SAID: Final = 300  # characters of what a server says that are kept
_WAITING: Final = "vllm:num_requests_waiting"
_AWAY: Final = frozenset({502, 503, 504})

End = Literal["stop", "length"]


class RefusedError(Exception):
    """The server answered, but not with text; ``said`` is its own reason, ``status`` its HTTP status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"HTTP {status}: {said}")
        self.status, self.said = status, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a completion. ``ids`` are its tokens (none if the server does not tell), ``likely`` one a token."""

    text: str
    ids: tuple[int, ...]
    likely: tuple[float, ...]
    end: End | None


class Model(BaseModel):
    """A model or an adapter that a server has; ``parent`` is the model that an adapter is laid over."""

    id: str
    max_model_len: int | None = None
    parent: str | None = None


class _Models(BaseModel):
    data: list[Model]


class _Likely(BaseModel):
    token_logprobs: list[float | None]


class _Choice(BaseModel):
    text: str
    logprobs: _Likely | None = None
    finish_reason: str | None = None
    token_ids: list[int] | None = None


class _Event(BaseModel):
    choices: list[_Choice]


class Server:
    """A server at ``url``; whoever made it closes it by :meth:`aclose`. ``busy`` counts the answers being read."""

    def __init__(self, url: str, token: SecretStr | None, *, silence: float = SILENCE) -> None:
        self.url = url
        self.busy = 0
        self._token, self._silence = token, silence
        self._http = self._client()

    def _client(self) -> httpx.AsyncClient:
        said = [(b"Authorization", f"Bearer {self._token.get_secret_value()}".encode())] if self._token else []
        return httpx.AsyncClient(
            base_url=self.url,
            headers=said,
            timeout=httpx.Timeout(self._silence, connect=CONNECT, pool=None),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )

    async def complete(self, body: Mapping[str, object]) -> AsyncGenerator[Piece]:
        """Yield the completion that ``body`` asks for as it comes; closing ends the connection, and so the work.

        Raises:
            RefusedError: the server will not, or says what we do not understand.
            EngineError: nobody answers, the token is wrong, the line is full, or the connection broke.
        """
        begun = False
        self.busy += 1
        try:
            async with httpx_sse.aconnect_sse(self._http, "POST", "/v1/completions", json={**body, "stream": True}) as (
                source
            ):
                await _require_success(source.response)
                async with aclosing(source.aiter_sse()) as messages:
                    async for message in messages:
                        if (piece := _piece(message.data)) is not None:
                            begun = True
                            yield piece
                            if piece.end is not None:
                                return
        except httpx_sse.SSEError as error:
            raise RefusedError(200, "no stream of events") from error
        except httpx.RequestError as error:
            raise (EngineLostError if begun else EngineUnavailableError)(type(error).__name__) from error
        finally:
            self.busy -= 1
        raise EngineLostError("the answer has no end")

    async def models(self) -> list[Model]:
        """Return the models and adapters that the server has.

        Raises:
            RefusedError, EngineError: see :meth:`complete`.
        """
        response = await self._answer("GET", "/v1/models")
        try:
            return _Models.model_validate_json(response.content).data
        except ValidationError as error:
            raise RefusedError(response.status_code, "no list of models") from error

    async def load(self, name: str, path: str) -> None:
        """Have the server load the adapter at ``path`` (on its own disk), in place of one that has this ``name``.

        Raises:
            RefusedError, EngineError: see :meth:`complete`.
        """
        about = {"lora_name": name, "lora_path": path, "load_inplace": True}
        await self._answer("POST", "/v1/load_lora_adapter", about)

    async def unload(self, name: str) -> None:
        """Have the server forget the adapter called ``name``.

        Raises:
            RefusedError, EngineError: see :meth:`complete`.
        """
        await self._answer("POST", "/v1/unload_lora_adapter", {"lora_name": name})

    async def waiting(self) -> int | None:
        """Return how many requests wait in the server's own line, or None if it does not say."""
        try:
            text = (await self._answer("GET", "/metrics")).text
        except (RefusedError, EngineError):
            return None
        found = [line.rpartition(" ")[2] for line in text.splitlines() if line.split("{")[0].split(" ")[0] == _WAITING]
        try:
            return int(sum(map(float, found))) if found else None
        except (ValueError, OverflowError):
            return None

    async def aclose(self) -> None:
        """Close every connection. The next request, of this event loop or another, opens a new one."""
        open_ones, self._http = self._http, self._client()
        await open_ones.aclose()

    async def _answer(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.RequestError as error:
            raise EngineUnavailableError(type(error).__name__) from error
        await _require_success(response)
        return response


def _piece(data: str) -> Piece | None:
    """Return what an event brings, or None if that is nothing.

    Raises:
        RefusedError: it is an error, or no event of a completion.
    """
    if data == "[DONE]":
        return None
    try:
        choices = _Event.model_validate_json(data).choices
    except ValidationError as error:
        raise RefusedError(200, _reason(data)) from error
    if not choices:  # the bill
        return None
    choice = choices[0]
    likely = () if choice.logprobs is None else tuple(chance or 0.0 for chance in choice.logprobs.token_logprobs)
    if not (choice.text or choice.token_ids or likely or choice.finish_reason):
        return None
    return Piece(text=choice.text, ids=tuple(choice.token_ids or ()), likely=likely, end=_end(choice.finish_reason))


def _end(reason: str | None) -> End | None:
    match reason:
        case None | "stop" | "length":
            return reason
        case _:  # abort, error, content_filter: not what was asked
            raise RefusedError(200, f"the text ended by {reason[:_SAID]}")


def _reason(body: str) -> str:
    """Return what the server says went wrong."""
    try:
        said: Any = json.loads(body)
        error = said.get("error", said)
        told = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        told = None
    return str(told or body)[:_SAID]


async def _require_success(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    body = (await response.aread()).decode(errors="replace")
    if status == httpx.codes.UNAUTHORIZED:
        raise EngineUnauthorizedError
    if status == httpx.codes.TOO_MANY_REQUESTS:
        seconds = response.headers.get("Retry-After", "")
        raise LineFullError(int(seconds) if seconds.isdecimal() and len(seconds) < _DIGITS else 1)
    if status in _AWAY:
        raise EngineUnavailableError(f"HTTP {status}")
    raise RefusedError(status, _reason(body))
