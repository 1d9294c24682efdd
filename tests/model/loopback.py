"""Real workers on real sockets of this machine, for tests."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from pydantic import SecretStr

from model.client import WorkerClient
from model.serve import serve
from model.settings import WorkerSettings
from model.writer import Writer


@asynccontextmanager
async def running(
    writer: Writer, *, token: str | None = None, capacity: int = 32, at_once: int = 1
) -> AsyncGenerator[str]:
    """Serve ``writer`` on a free port and yield the address once it is ready."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    settings = WorkerSettings(port=0, token=SecretStr(token) if token else None, capacity=capacity, at_once=at_once)
    worker = asyncio.create_task(
        serve(
            settings,
            load=lambda _: writer,
            stop=stop,
            opened=lambda host, port: address.set_result(f"http://{host}:{port}"),
        )
    )
    try:
        await until_ready(await address)
        yield address.result()
    finally:
        stop.set()
        await worker


async def until_ready(address: str) -> None:
    """Ask until the worker at ``address`` has loaded its model."""
    async with WorkerClient(address, None) as client, asyncio.timeout(20):
        while not await client.ready():
            pass


@asynccontextmanager
async def listening(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[str]:
    """Answer every connection to a free port by ``answer``, for peers that misbehave; yield the address."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
