"""The client against peers that misbehave, each on a real socket."""

import asyncio

import pytest

from model.briefs import ScriptBrief
from model.client import WorkerClient
from model.engine import (
    EngineError,
    EngineFailedError,
    EngineLostError,
    EngineUnauthorizedError,
    EngineUnavailableError,
    LineFullError,
    Text,
    generate,
)
from tests.model.loopback import listening

BRIEF = ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
TEXT = b'event: text\ndata: {"type": "text", "slot": 0, "text": "CAST"}\n\n'


async def ask(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def test_nobody_there_is_unavailable(unused_tcp_port: int) -> None:
    async with WorkerClient(f"http://127.0.0.1:{unused_tcp_port}", None) as client:
        with pytest.raises(EngineUnavailableError):
            await generate(client, BRIEF)
        with pytest.raises(EngineUnavailableError):
            await client.status()
        assert not await client.ready()


async def test_a_break_in_the_middle_is_lost_after_what_came_before() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader)
        writer.write(STREAM + TEXT)

    async with listening(answer) as address, WorkerClient(address, None) as client:
        stream = client.stream(BRIEF)
        assert await anext(stream) == Text(0, "CAST")
        with pytest.raises(EngineLostError):
            await anext(stream)


async def test_a_reset_in_the_middle_is_lost() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n" % (len(TEXT), TEXT))

    async with listening(answer) as address, WorkerClient(address, None) as client:
        with pytest.raises(EngineLostError):
            await generate(client, BRIEF)


async def test_silence_is_lost_but_a_sign_of_life_is_not_silence() -> None:
    finished = b'data: {"type": "finished", "model": "m", "computed": 1, "kept": 1, "dropped": {}}\n\n'
    alive = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader)
        writer.write(STREAM + TEXT)
        if alive.is_set():
            writer.write(b": keep-alive\n\n" + finished)
        else:
            await reader.read()  # until the client has given up

    async with listening(answer) as address, WorkerClient(address, None, silence=0.05) as client:
        with pytest.raises(EngineLostError):
            await generate(client, BRIEF)
    alive.set()
    async with listening(answer) as address, WorkerClient(address, None) as client:
        assert await generate(client, BRIEF) == ()


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (b"401 Unauthorized\r\n", EngineUnauthorizedError),
        (b"429 Too Many\r\nRetry-After: 9\r\n", LineFullError),
        (b"429 Too Many\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", LineFullError),
        (b"429 Too Many\r\nRetry-After: " + b"9" * 5000 + b"\r\n", LineFullError),
        (b"502 Bad Gateway\r\n", EngineUnavailableError),
        (b"503 Unavailable\r\n", EngineUnavailableError),
        (b"404 Not Found\r\n", EngineFailedError),
        (b"200 OK\r\nContent-Type: text/html\r\n", EngineFailedError),
        (b"200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n", EngineFailedError),
    ],
)
async def test_a_proxy_s_page_is_an_engine_error(head: bytes, error: type[EngineError]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader)
        writer.write(b"HTTP/1.1 " + head + b"Content-Length: 6\r\nConnection: close\r\n\r\n<html>")

    async with listening(answer) as address, WorkerClient(address, None) as client:
        with pytest.raises(error):
            await generate(client, BRIEF)


async def test_an_event_nobody_agreed_on_is_a_failure() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader)
        writer.write(STREAM + b'data: {"type": "sonnet"}\n\n')

    async with listening(answer) as address, WorkerClient(address, None) as client:
        with pytest.raises(EngineFailedError, match="not understood"):
            await generate(client, BRIEF)


@pytest.mark.parametrize("head", [b"", b"Content-Encoding: gzip\r\n"])
async def test_a_status_nobody_agreed_on_is_unavailable(head: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")

    async with listening(answer) as address, WorkerClient(address, None) as client:
        with pytest.raises(EngineUnavailableError):
            await client.status()
