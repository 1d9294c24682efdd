"""One bot process: Discord if there is a token, the page, and the clock, until SIGTERM."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from bot import lag
from bot.app import App
from bot.jobs import clock
from bot.logs import configure
from bot.networks.accounts import networks
from bot.settings import BotSettings
from bot.ui.pictures import pictures
from bot.ui.typesetting import use_fonts
from bot.usecases import resuming
from bot.usecases.showing import Pictures
from bot.web.server import create_app
from db.database import Database
from db.pitches import Pitch
from model.client import WorkerClient
from model.serve import PortInUseError

log = structlog.get_logger()
_FOR_WORK = 0.75  # of the time to drain; what is left is for the cards that say how it stands
_GRACE = 5  # seconds that open pages get at the end


class _Server(uvicorn.Server):
    """Leaves signals to us: SIGTERM must stop the whole process in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def draw(pitch: Pitch, excerpt: str, network: str) -> Pictures:
    """Return poster and page of a show for ``network``, drawn beside the event loop."""
    return await asyncio.to_thread(pictures, pitch, excerpt, network)


@asynccontextmanager
async def equipment(settings: BotSettings) -> AsyncGenerator[App]:
    """Open the database and the way to the worker; close both at the end.

    Raises:
        StorageError: the database cannot be used.
        AccountsUnusableError: the accounts of the networks make no sense.
    """
    reached = networks(settings)
    database = Database.connect(settings.database())
    engine = WorkerClient(settings.worker_url, settings.secret("worker_token"))
    try:
        await database.check()
        yield App(
            database=database,
            engine=engine,
            networks=reached,
            zone=ZoneInfo(settings.zone),
            approval=settings.approval,
        )
    finally:
        await engine.aclose()
        await database.close()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        PortInUseError: somebody else does.
        OSError: this machine has no such address, or the port is not for us.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise


async def run(settings: BotSettings) -> None:
    """Serve until SIGTERM or SIGINT, then let the work in hand end for ``drain_seconds``.

    Raises:
        StorageError, PortInUseError, AccountsUnusableError: the start is impossible.
        discord.LoginFailure: the token is wrong.
    """
    if settings.fonts:
        use_fonts(settings.fonts)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with equipment(settings) as app:
        site = create_app(app, draw, api_token=_plain(settings.secret("api_token")), host=settings.web_host)
        with listen(settings.web_host, settings.web_port) as door:
            scheduler = clock(
                app,
                draw,
                post_at=settings.post_at,
                retention=timedelta(days=settings.retention_days),
                missed=settings.catch_up_days,
            )
            scheduler.start()
            server = _server(site)
            page = asyncio.create_task(server.serve(sockets=[door]), name="page")
            discord = await _discord(settings, app)
            watching = _watched(settings)
            lag.settle()
            log.info("the room is open", page=f"http://{settings.web_host}:{settings.web_port}", discord=bool(discord))
            try:
                await _until(stop, {page, *discord})
            finally:
                log.info("closing")
                scheduler.shutdown(wait=False)
                await _close(app, settings.drain_seconds * _FOR_WORK)
                server.should_exit = True
                for half in (*discord, *watching):
                    half.cancel()
                await asyncio.wait({page, *discord, *watching})


async def _discord(settings: BotSettings, app: App) -> tuple[asyncio.Task[None], ...]:
    """Take up what was left, and connect if there is a token."""
    left = await resuming.take_up(app)
    token = settings.secret("discord_token")
    if token is None:
        return ()
    from bot import client  # noqa: PLC0415 – discord.py only where it is used
    from bot.ui import connecting  # noqa: PLC0415

    connecting.use_addresses(settings.discord_api, settings.discord_gateway)
    room = client.Room(
        app,
        owners=settings.owners,
        left=left,
        approval_channel=settings.approval_channel,
        daily=client.Daily(draw=draw, post_at=settings.post_at),
    )
    return (asyncio.create_task(connecting.run(room, token.get_secret_value()), name="discord"),)


def _watched(settings: BotSettings) -> tuple[asyncio.Task[None], ...]:
    """Have the lag of the event loop logged, where that is asked for."""
    return (asyncio.create_task(lag.watch(settings.lag_log), name="lag"),) if settings.lag_log else ()


async def _until(stop: asyncio.Event, halves: set[asyncio.Task[None]]) -> None:
    """Wait for the stop; a half that ends before it ends the process with its error."""
    waiting = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait({waiting, *halves}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for half in done & halves:
        half.result()


async def _close(app: App, seconds: float) -> None:
    stopped = await app.crew.drain(seconds)
    if stopped:
        log.info("left for the next start", works=stopped)


def _server(site: Starlette) -> _Server:
    return _Server(
        uvicorn.Config(site, log_config=None, lifespan="off", timeout_graceful_shutdown=_GRACE, server_header=False)
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def main(settings: BotSettings | None = None) -> None:
    """Run the bot with settings from the environment."""
    settings = settings or BotSettings()
    configure()
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
