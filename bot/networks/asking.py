"""Asking a network over HTTP: one request, and each way it can end told apart."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from bot.networks.base import (
    DuplicatePostError,
    NetworkBusyError,
    NetworkError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
)

Json = dict[str, Any]
Unclear = Callable[[], NetworkError]
TIMEOUT: Final = 20.0
_LONGEST: Final = 3  # times the timeout, for an answer that comes in drips
_RESETS: Final = ("ratelimit-reset", "x-ratelimit-reset")
_BEFORE_SENDING: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_MAX_REASON: Final = 300


def opened(host: str, timeout: float, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """Return a client for ``host`` that waits ``timeout`` seconds for each thing and follows no redirect."""
    return httpx.AsyncClient(base_url=host, timeout=timeout, headers=headers)


async def ask(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    unclear: Unclear = NetworkBusyError,
    **rest: Any,  # noqa: ANN401 - what httpx takes
) -> Json | list[Any]:
    """Send one request and return what the answer says, an object or a list; an empty answer is an empty object.

    ``unclear`` is what silence and a server's own failure mean here: that nothing was posted, unless it says otherwise.

    Raises:
        NetworkUnauthorizedError: 401.
        NetworkBusyError: 429, or nobody was there to be asked.
        DuplicatePostError: 409.
        NetworkRefusedError: any other 4xx, or the address is one of another place.
        NetworkError: what ``unclear`` makes, for 5xx, no answer in time, or one that is no JSON.
    """
    return _told(await send(client, method, path, unclear=unclear, **rest), unclear)


async def send(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    unclear: Unclear = NetworkBusyError,
    **rest: Any,  # noqa: ANN401 - what httpx takes
) -> httpx.Response:
    """Send one request and return its answer if it is a success, whatever it says.

    Raises:
        NetworkError: as :func:`ask`.
    """
    response = await _sent(client, method, path, unclear, rest)
    _refuse(response, unclear)
    return response


async def ask_object(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    unclear: Unclear = NetworkBusyError,
    **rest: Any,  # noqa: ANN401 - what httpx takes
) -> Json:
    """Return what :func:`ask` does, where only an object makes sense."""
    told = await ask(client, method, path, unclear=unclear, **rest)
    if not isinstance(told, dict):
        raise unclear()
    return told


def word(told: Mapping[str, Any], name: str, unclear: Unclear) -> str:
    """Return the text that must stand under ``name`` in an answer; without it the answer is unclear."""
    found = told.get(name)
    if not isinstance(found, str) or not found:
        raise unclear()
    return found


async def _sent(
    client: httpx.AsyncClient, method: str, path: str, unclear: Unclear, rest: dict[str, Any]
) -> httpx.Response:
    read = client.timeout.read
    try:
        async with asyncio.timeout(None if read is None else _LONGEST * read):
            return await client.request(method, path, **rest)
    except _BEFORE_SENDING as error:
        raise NetworkBusyError from error
    except httpx.InvalidURL as error:
        raise NetworkRefusedError("this is no address") from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise unclear() from error


def _refuse(response: httpx.Response, unclear: Unclear) -> None:
    status = response.status_code
    if status == httpx.codes.UNAUTHORIZED:
        raise NetworkUnauthorizedError(_reason(response)[0])
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise NetworkBusyError(retry_at(response.headers, datetime.now(UTC)))
    if status == httpx.codes.CONFLICT:
        raise DuplicatePostError(_reason(response)[0])
    if response.is_redirect:
        raise NetworkRefusedError(f"it has moved to {response.headers.get('location', '')[:_MAX_REASON]}")
    if status == httpx.codes.SERVICE_UNAVAILABLE and unclear is not NetworkUncertainError:
        raise NetworkBusyError(retry_at(response.headers, datetime.now(UTC)))
    if response.is_client_error and status != httpx.codes.REQUEST_TIMEOUT:
        raise NetworkRefusedError(*_reason(response))
    if not response.is_success:
        raise unclear()


def _told(response: httpx.Response, unclear: Unclear) -> Json | list[Any]:
    if not response.content:
        return {}
    try:
        told = response.json()
    except ValueError as error:
        raise unclear() from error
    if not isinstance(told, dict | list):
        raise unclear()
    return told


def _reason(response: httpx.Response) -> tuple[str, str]:
    """Return the network's own words and the name it gives its refusal; the status where it says nothing."""
    try:
        told = response.json()
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    words = [told.get(name) for name in ("message", "error_description", "error")]
    reason = next((word for word in words if isinstance(word, str) and word), None)
    code = told.get("error")
    status = f"{response.status_code} {response.reason_phrase}"
    return (reason or status)[:_MAX_REASON], code if isinstance(code, str) else ""


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return the latest moment (aware) that the headers of an answer name for the next try; None if they name none.

    ``Retry-After`` counts seconds or is a date; the reset is seconds since 1970 or a date of ISO 8601.
    """
    moments = [_after(headers.get("retry-after", ""), now), *(_moment(headers.get(name, "")) for name in _RESETS)]
    return max((moment for moment in moments if moment), default=None)


def _after(text: str, now: datetime) -> datetime | None:
    try:
        return now + timedelta(seconds=int(text)) if text.isdecimal() else _aware(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else _aware(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
