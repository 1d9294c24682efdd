"""The client: N streams started together over HTTP, their tokens counted as they arrive."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, Protocol

import httpx

LOOK: Final = 0.1  # seconds between two looks at the server's memory
_DATA: Final = b"data: "
_DONE: Final = b"[DONE]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """``streams`` started together, ``rounds`` times; each has ``prompt`` tokens and gets ``new`` more.

    What is not written after ``patience`` seconds is given up.
    """

    streams: int
    rounds: int
    prompt: int
    new: int
    vocabulary: int
    seed: int
    patience: float
    temperature: float = 0.9
    top_p: float = 0.95


class Dialect(Protocol):
    """How a server is asked, and how many tokens one of its events brings."""

    @property
    def path(self) -> str:
        """Where it is asked."""
        ...

    def body(self, ids: list[int], load: Load, seed: int, /) -> dict[str, Any]:
        """Return what it is asked."""
        ...

    def written(self, before: int, event: Any, /) -> int:  # noqa: ANN401 - JSON
        """Return how many tokens a stream has got with ``event``, if it had ``before``."""
        ...


@dataclass(slots=True)
class Figures:
    """What was seen of one load."""

    seconds: float = 0.0
    tokens: int = 0
    wanted: int = 0
    first: list[float] = field(default_factory=list)  # seconds to the first token, stream by stream
    client: float = 0.0  # share of one core that this client took
    rss: int = 0  # bytes; the server with all its children, at most
    cut: bool = False

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds


async def measure(address: str, dialect: Dialect, load: Load, memory: Callable[[], int]) -> Figures:
    """Return what ``load`` brings at ``address``; ``memory`` tells what the server takes at the moment.

    Raises:
        httpx.HTTPError: the server refused or broke.
        ValueError: it stopped before it had written everything.
    """
    figures = Figures(wanted=load.streams * load.rounds * load.new)
    limits = httpx.Limits(max_connections=None)
    looking = asyncio.create_task(_look(figures, memory))
    async with httpx.AsyncClient(base_url=address, timeout=load.patience, limits=limits, trust_env=False) as http:
        start, worked = time.perf_counter(), time.process_time()
        try:
            async with asyncio.timeout(load.patience):
                for number in range(load.rounds):
                    await _together(http, dialect, load, number, figures)
        except TimeoutError:
            figures.cut = True
        finally:
            looking.cancel()
        figures.seconds = time.perf_counter() - start
        figures.client = (time.process_time() - worked) / figures.seconds
    figures.first += [figures.seconds] * (load.streams * load.rounds - len(figures.first))
    if figures.tokens != figures.wanted and not figures.cut:
        raise ValueError(f"{figures.tokens} tokens instead of {figures.wanted}")
    return figures


async def _together(http: httpx.AsyncClient, dialect: Dialect, load: Load, number: int, figures: Figures) -> None:
    random = Random(f"{load.seed}:{load.streams}:{number}")  # noqa: S311 -- the same briefs every time
    async with asyncio.TaskGroup() as streams:
        for _ in range(load.streams):
            ids = [random.randrange(load.vocabulary) for _ in range(load.prompt)]
            body = dialect.body(ids, load, random.randrange(2**31))
            streams.create_task(_stream(http, dialect, body, figures))


async def _stream(http: httpx.AsyncClient, dialect: Dialect, body: dict[str, Any], figures: Figures) -> None:
    start, got, rest = time.perf_counter(), 0, b""
    async with http.stream("POST", dialect.path, json=body) as response:
        if response.is_error:
            await response.aread()
            raise httpx.HTTPStatusError(response.text[:200], request=response.request, response=response)
        async for part in response.aiter_raw():
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                if not line.startswith(_DATA) or line.endswith(_DONE):
                    continue
                before, got = got, dialect.written(got, json.loads(line.removeprefix(_DATA)))
                figures.tokens += got - before
                if got and not before:
                    figures.first.append(time.perf_counter() - start)


async def _look(figures: Figures, memory: Callable[[], int]) -> None:
    while True:
        figures.rss = max(figures.rss, memory())
        await asyncio.sleep(LOOK)


def resident(process: int) -> int:
    """Return the resident bytes of ``process`` and everything it started."""
    return sum(_resident(one) for one in _family(process))


def _family(process: int) -> list[int]:
    family = [process]
    with contextlib.suppress(OSError):  # it has just ended
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                family += _family(int(child))
    return family


def _resident(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
