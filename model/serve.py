"""Running the worker: open the port, load the model behind it, stop when told to."""

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Final

import uvicorn

from model.adapters import Store
from model.decoder import Decoder
from model.fake import FakeDecoder
from model.genres import GenreWords
from model.originality import TitleIndex
from model.server import create_app
from model.settings import WorkerSettings
from model.watchdog import watch
from model.worker import Worker
from model.writer import Writer

FAKE: Final = "fake"
_MIB: Final = 1 << 20
DRAIN: Final = 30  # seconds that running briefs may still take once the worker was told to stop
FAREWELL: Final = 2  # of them, in which those who still wait are told
_log = logging.getLogger(__name__)


class PortInUseError(Exception):
    """Another process listens on ``host:port``."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port}")
        self.host, self.port = host, port


class TokenRequiredError(Exception):
    """``host`` can be reached from other machines, and no token is set."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def load_writer(settings: WorkerSettings) -> Writer:
    """Return the writer that the settings describe; takes seconds, blocks.

    Raises:
        CheckpointError: the weights or the index of titles cannot be used.
        AdaptersUnsupportedError: there is a store of adapters, and the model takes none.
        QuantizationUnavailableError: quantized weights were asked for on a machine without CUDA.
        ServerUnusableError: a completions server was named, and it cannot be written with.
    """
    titles = TitleIndex.load(settings.titles)  # first: a missing index is found before the model is loaded
    genres = GenreWords.load(settings.genres)
    store = Store(settings.adapters) if settings.adapters else None
    return Writer(load_decoder(settings), titles, genres, store)


def load_decoder(settings: WorkerSettings) -> Decoder:
    """Return the model that the settings name; ``fake`` is the shipped double, which needs no torch; blocks.

    Raises:
        CheckpointError, QuantizationUnavailableError, ServerUnusableError: see :func:`load_writer`.
    """
    if settings.model == FAKE:
        return FakeDecoder(gate=lambda: asyncio.sleep(settings.fake_pause))
    if settings.openai_urls:
        return asyncio.run(_connect(settings))
    from model.engines.precision import Fit  # noqa: PLC0415 - loads torch
    from model.engines.transformers_engine import TransformersDecoder  # noqa: PLC0415 - the same

    decoder = TransformersDecoder.load(
        settings.model,
        adapter=settings.adapter,
        quantize=settings.quantize,
        threads=settings.threads,
        fit=Fit(
            precision=settings.precision,
            memory=settings.memory * _MIB if settings.memory else None,
            rows=settings.rows,
        ),
    )
    decoder.lighten()
    return decoder


async def _connect(settings: WorkerSettings) -> Decoder:
    from model.engines.openai_engine import OpenAIDecoder  # noqa: PLC0415 - loads transformers

    decoder = await OpenAIDecoder.connect(
        *settings.openai_urls,
        model=settings.openai_model,
        tokenizer=settings.model,
        token=settings.openai_token,
    )
    name = None if settings.adapter is None else await decoder.load_adapter(settings.adapter)
    await decoder.aclose()  # briefs come in another event loop
    return decoder.wearing(name)


async def serve(
    settings: WorkerSettings,
    *,
    load: Callable[[WorkerSettings], Writer] = load_writer,
    stop: asyncio.Event | None = None,
    opened: Callable[[str, int], None] | None = None,
) -> None:
    """Answer briefs until ``stop`` is set (by SIGTERM and Ctrl-C when none is given), then finish what runs.

    The port opens before the model is loaded: ``/livez`` answers at once, ``/readyz`` when it is. ``opened`` is told
    the address.

    Raises:
        PortInUseError, TokenRequiredError: the port was not opened.
        CheckpointError, QuantizationUnavailableError, ServerUnusableError: see :func:`load_writer`.
        StalledError: the model hangs.
    """
    _require_token(settings)
    stop = stop or _stopped_by_signal()
    worker = Worker(capacity=settings.capacity, at_once=settings.at_once)
    app = create_app(worker, token=settings.token, status=worker.status, dresser=lambda: worker.dresser)
    with _listening(settings.host, settings.port) as sock:
        host, port = sock.getsockname()[:2]
        if opened:
            opened(host, port)
        server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=DRAIN)
        )
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        waiting = asyncio.create_task(stop.wait())
        beside: list[asyncio.Task[None]] = []
        try:
            if await _load(worker, settings, load, {serving, waiting}):
                beside.append(asyncio.create_task(worker.dresser.follow()))
                beside.append(asyncio.create_task(_watch(worker.dresser.decoder, settings.stall)))
            await asyncio.wait({serving, waiting, *beside}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.drain()
            last = asyncio.get_running_loop().call_later(DRAIN - FAREWELL, worker.break_off)
            stalled = [task for task in beside if task.done()]
            server.force_exit = bool(stalled)  # nothing more will come of what runs
            server.should_exit = True
            waiting.cancel()
            await serving
            last.cancel()
            for task in beside:
                task.cancel()
        for task in stalled:
            task.result()


async def _watch(decoder: object, patience: float) -> None:
    await watch(decoder, patience)
    await asyncio.Event().wait()  # nothing to be watched


async def _load(
    worker: Worker,
    settings: WorkerSettings,
    load: Callable[[WorkerSettings], Writer],
    ends: set[asyncio.Task[None] | asyncio.Task[bool]],
) -> bool:
    """Open the worker once it can write, with the active adapter; say whether it came to that before the end."""
    loading = _in_daemon(lambda: load(settings))
    await asyncio.wait({loading, *ends}, return_when=asyncio.FIRST_COMPLETED)
    if not loading.done():
        return False
    writer = loading.result()
    if not await _prepared(writer, settings.stall, ends):
        return False
    worker.open(writer)
    _log.info("ready, model %s", writer.name)
    return True


def _in_daemon(work: Callable[[], Writer]) -> asyncio.Future[Writer]:
    """Have a thread do ``work`` for which the end of the process does not wait."""
    answer: Future[Writer] = Future()
    answer.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            answer.set_exception(error)

    Thread(target=run, name="loading", daemon=True).start()
    return asyncio.wrap_future(answer)


async def _prepared(writer: Writer, patience: float, ends: set[asyncio.Task[None] | asyncio.Task[bool]]) -> bool:
    """Let the writer write its first tokens; say whether it came to that before the end.

    Raises:
        StalledError: the model hangs.
    """
    preparing = asyncio.create_task(writer.prepare())
    watching = asyncio.create_task(_watch(writer.dresser.decoder, patience))
    try:
        await asyncio.wait({preparing, watching, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
        if preparing.done():
            preparing.result()
        return preparing.done()
    finally:
        preparing.cancel()
        watching.cancel()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to :func:`serve`: uvicorn would raise them again and end the process unclean."""
        yield


def _stopped_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _require_token(settings: WorkerSettings) -> None:
    if settings.token is None and not _is_loopback(settings.host):
        raise TokenRequiredError(settings.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise
    with sock:
        yield sock
