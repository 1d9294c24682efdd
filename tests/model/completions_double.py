"""A small double of vLLM's server: the same addresses, the same shapes, the same refusals, over a real socket.

``tests/model/completions_contract.py`` holds it to what the real one answers.
"""

import asyncio
import json
import re
import socket
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from model.decoder import Halt, Sampling
from model.fake import FakeDecoder
from model.tasks import Span
from tests.model import tiny

EXTRAS = frozenset({"top_k", "min_p", "repetition_penalty", "stop_token_ids", "structured_outputs", "return_token_ids"})


_PACE = 20
_FIELDS = re.compile(r"(GENRE: |\nTHEME: |\nTITLE:$|^DIALOG:\n|\nSCRIPT:\n$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A token that was drawn."""

    text: str
    ids: tuple[int, ...] = ()
    likely: float = 0.0
    end: str | None = None


Write = Callable[[dict[str, Any]], AsyncGenerator[Step]]
Load = Callable[[str, str], None]


class UnusableError(Exception):
    """What was asked for cannot be done; the message is the server's."""


@dataclass(slots=True, kw_only=True)
class Double:
    """What the server is, and what happened to it."""

    write: Write
    load: Load | None = None
    name: str = "tiny"
    context: int | None = None
    token: str | None = None
    waiting: int | None = 0
    knows_extras: bool = True  # else it refuses them
    tells_likely: bool = True
    troubles: deque[Response] = field(default_factory=deque)  # what the next completions are answered with
    breaks_after: int | None = None  # steps, then the connection is cut
    adapters: dict[str, str] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # how many run
    written: int = 0  # tokens

    async def reached(self, running: int) -> None:
        """Wait until so many requests run."""
        async with asyncio.timeout(10):
            while self.running != running:
                self.changed.clear()
                await self.changed.wait()

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/v1/models", self._guarded(self._models)),
                Route("/v1/completions", self._guarded(self._completions), methods=["POST"]),
                Route("/metrics", self._metrics),
                *(
                    Route(f"/v1/{way}load_lora_adapter", self._guarded(answer), methods=["POST"])
                    for way, answer in (("", self._load), ("un", self._unload))
                    if self.load
                ),
            ],
            exception_handlers={404: lambda *_: JSONResponse({"detail": "Not Found"}, 404)},
        )

    def _guarded(self, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
                return JSONResponse({"error": "Unauthorized"}, 401)
            answered: Response = await answer(request)
            return answered

        return guarded

    async def _models(self, _request: Request) -> Response:
        base = {"id": self.name, "object": "model", "max_model_len": self.context, "parent": None}
        worn = [{"id": name, "object": "model", "max_model_len": None, "parent": self.name} for name in self.adapters]
        return JSONResponse({"object": "list", "data": [base, *worn]})

    async def _completions(self, request: Request) -> Response:
        body = await request.json()
        if self.troubles:
            return self.troubles.popleft()
        if not self.knows_extras and (strange := EXTRAS & body.keys()):
            return _error(400, f"Unrecognized request argument supplied: {min(strange)}")
        if body["model"] not in {self.name, *self.adapters}:
            return _error(404, f"The model `{body['model']}` does not exist.")
        if self.context and len(body["prompt"]) + body["max_tokens"] > self.context:
            return _error(400, f"This model's maximum context length is {self.context} tokens.")
        self.bodies.append(body)
        return StreamingResponse(self._stream(body), media_type="text/event-stream")

    async def _stream(self, body: dict[str, Any]) -> AsyncGenerator[str]:
        self.running += 1
        self.changed.set()
        try:
            async with aclosing(self.write(body)) as steps:
                count = 0
                async for step in steps:
                    if count == self.breaks_after:
                        raise ConnectionResetError
                    yield f"data: {json.dumps(_event(body, step, likely=self.tells_likely))}\n\n"
                    count += 1
                    self.written += 1
            yield "data: [DONE]\n\n"
        except UnusableError as error:
            yield f"data: {json.dumps(_problem(400, str(error)))}\n\ndata: [DONE]\n\n"
        finally:
            self.running -= 1
            self.changed.set()

    async def _load(self, request: Request) -> Response:
        body = await request.json()
        assert self.load
        try:
            self.load(body["lora_name"], body["lora_path"])
        except UnusableError as error:
            return _error(404, str(error))
        self.adapters[body["lora_name"]] = body["lora_path"]
        return Response(f"Success: LoRA adapter '{body['lora_name']}' added successfully.")

    async def _unload(self, request: Request) -> Response:
        name = (await request.json())["lora_name"]
        if self.adapters.pop(name, None) is None:
            return _error(404, f"The lora adapter '{name}' cannot be found.")
        return Response(f"Success: LoRA adapter '{name}' removed successfully.")

    async def _metrics(self, _request: Request) -> Response:
        if self.waiting is None:
            return Response("", 404)
        lines = [
            "# TYPE vllm:num_requests_waiting gauge",
            f'vllm:num_requests_running{{engine="0",model_name="{self.name}"}} {float(self.running)}',
            f'vllm:num_requests_waiting{{engine="0",model_name="{self.name}"}} {float(self.waiting)}',
            f'vllm:num_requests_waiting_by_reason{{engine="0",reason="capacity"}} {float(self.waiting)}',
            f'vllm:generation_tokens_total{{engine="0",model_name="{self.name}"}} {float(self.written)}',
        ]
        return Response("\n".join(lines) + "\n")


def _event(body: dict[str, Any], step: Step, *, likely: bool) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "text": step.text, "logprobs": None, "finish_reason": step.end}
    if likely and body.get("logprobs") is not None:
        choice["logprobs"] = {"tokens": [step.text], "token_logprobs": [step.likely], "text_offset": [0]}
    if body.get("return_token_ids"):
        choice |= {"token_ids": list(step.ids), "prompt_token_ids": None}
    return {"id": "cmpl-1", "object": "text_completion", "model": body["model"], "choices": [choice]}


def _problem(status: int, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}


def _error(status: int, message: str) -> Response:
    return JSONResponse(_problem(status, message), status)


def telling(decoder: FakeDecoder) -> Write:
    """Return what writes as ``decoder`` does, for prompts of the tiny tokenizer; the ends of texts have no token."""
    tokenizer = tiny.tokenizer()

    async def write(body: dict[str, Any]) -> AsyncGenerator[Step]:
        prompt = tuple(Span(part) for part in _FIELDS.split(str(tokenizer.decode(body["prompt"]))) if part)
        sampling = Sampling(max_tokens=body["max_tokens"])
        async with aclosing(decoder.decode(prompt, [body["seed"]], sampling, Halt())) as chunks:
            async for chunk in chunks:
                for _ in range(_PACE):  # a step takes its time: no row runs away from those that came a little later
                    await asyncio.sleep(0)
                yield Step(text=chunk.text, likely=chunk.likely, end=chunk.end)

    return write


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the tests."""
        yield


@asynccontextmanager
async def serving(double: Double) -> AsyncGenerator[str]:
    """Serve ``double`` on a free port and yield the address."""
    config = uvicorn.Config(
        double.app(), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        task = asyncio.create_task(server.serve(sockets=[sock]))
        host, port = sock.getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            await task
