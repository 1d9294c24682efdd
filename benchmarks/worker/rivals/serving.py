"""One small HTTP door for every engine that has none of its own: tokens in, Server-Sent Events out.

``POST /v1/completions`` takes ``{"prompt": [ids], "max_tokens", "temperature", "top_p", "seed"}`` and answers one event
for every step in which the engine wrote something for this request. All engines pay the same for it.
"""

import argparse
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be written; never less than ``max_tokens``."""

    ids: tuple[int, ...]
    max_tokens: int
    temperature: float
    top_p: float
    seed: int


@dataclass(frozen=True, slots=True)
class Piece:
    """``tokens`` more were written; they are ``said``, as ids or, where the engine spells them, as text."""

    tokens: int
    said: list[int] | str


class Engine(Protocol):
    """Whatever writes."""

    def submit(self, request: Request, /) -> AsyncGenerator[Piece]:
        """Yield what is written for ``request``, as it is written."""
        ...


def app(engine: Engine) -> Starlette:
    """Return the door to ``engine``."""

    async def completions(http: HttpRequest) -> Response:
        asked: dict[str, Any] = await http.json()
        request = Request(
            ids=tuple(asked["prompt"]),
            max_tokens=asked["max_tokens"],
            temperature=asked["temperature"],
            top_p=asked["top_p"],
            seed=asked["seed"],
        )
        return StreamingResponse(_events(engine, request), media_type="text/event-stream")

    async def ready(_http: HttpRequest) -> Response:
        return JSONResponse({"ready": True})

    return Starlette(routes=[Route("/v1/completions", completions, methods=["POST"]), Route("/readyz", ready)])


async def _events(engine: Engine, request: Request) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(engine.submit(request)) as pieces:
        async for piece in pieces:
            yield b"data: " + json.dumps({"tokens": piece.tokens, "said": piece.said}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rival finds its weights (``folder`` of a shape), and what it may use."""

    folder: Path
    threads: int
    port: int
    environments: Path


def place(description: str | None) -> Place:
    """Read the command line that every rival has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--environments", type=Path, required=True)
    options = parser.parse_args()
    return Place(folder=options.folder, threads=options.threads, port=options.port, environments=options.environments)


def serve(description: str | None, load: Callable[[Place], Engine]) -> None:
    """Load the engine, then answer until the process is told to end."""
    where = place(description)
    uvicorn.run(app(load(where)), host="127.0.0.1", port=where.port, log_level="warning", lifespan="off")
