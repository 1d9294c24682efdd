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

from bot.app import App
from bot.jobs import clock
from bot.logs import configure
from bot.networks.base import Network
from bot.networks.outbox import Outbox
from bot.settings import BotSettings
from bot.ui.poster import alt_text, poster
from bot.usecases import pitching, rewriting, writing
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


async def draw(pitch: Pitch, excerpt: str) -> tuple[bytes, str]:
    """Return the picture of a show and its description."""
    picture = await asyncio.to_thread(
        poster, title=pitch.title, summary=pitch.summary, genre=pitch.genre, excerpt=excerpt or None, seed=pitch.id
    )
    return picture, alt_text(title=pitch.title, summary=pitch.summary, genre=pitch.genre, excerpt=excerpt or None)


def networks(settings: BotSettings) -> tuple[Network, ...]:
    """Return where the daily show goes: X when all four keys are set, else the outbox folder."""
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    keys = {name: key for name in names if (key := settings.secret(f"twitter_{name}"))}
    outbox = Outbox(folder=settings.outbox)
    if len(keys) < len(names):
        return (outbox,)
    from bot.networks.twitter import Twitter  # noqa: PLC0415 – tweepy only where it is used

    twitter = Twitter(
        consumer_key=keys["consumer_key"],
        consumer_secret=keys["consumer_secret"],
        access_token=keys["access_token"],
        access_token_secret=keys["access_token_secret"],
    )
    return outbox, twitter


@asynccontextmanager
async def equipment(settings: BotSettings) -> AsyncGenerator[App]:
    """Open the database and the way to the worker; close both at the end.

    Raises:
        StorageError: the database cannot be used.
    """
    database = Database.connect(settings.database())
    engine = WorkerClient(settings.worker_url, settings.secret("worker_token"))
    try:
        await database.check()
        yield App(database=database, engine=engine, networks=networks(settings), zone=ZoneInfo(settings.zone))
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
        StorageError, PortInUseError: the start is impossible.
        discord.LoginFailure: the token is wrong.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with equipment(settings) as app:
        site = create_app(app, draw, api_token=_plain(settings.secret("api_token")), host=settings.web_host)
        with listen(settings.web_host, settings.web_port) as door:
            scheduler = clock(app, draw, post_at=settings.post_at, retention=timedelta(days=settings.retention_days))
            scheduler.start()
            server = _server(site)
            page = asyncio.create_task(server.serve(sockets=[door]), name="page")
            discord = await _discord(settings, app)
            log.info("the room is open", page=f"http://{settings.web_host}:{settings.web_port}", discord=bool(discord))
            try:
                await _until(stop, {page, *discord})
            finally:
                log.info("closing")
                scheduler.shutdown(wait=False)
                await _close(app, settings.drain_seconds * _FOR_WORK)
                server.should_exit = True
                for half in discord:
                    half.cancel()
                await asyncio.wait({page, *discord})


async def _discord(settings: BotSettings, app: App) -> tuple[asyncio.Task[None], ...]:
    """Take up what was left, and connect if there is a token."""
    left = await pitching.resume(app), await writing.resume(app)
    await rewriting.resume(app)
    token = settings.secret("discord_token")
    if token is None:
        return ()
    from bot import client  # noqa: PLC0415 – discord.py only where it is used

    client.use_addresses(settings.discord_api, settings.discord_gateway)
    room = client.Room(app, owners=settings.owners, left=left)
    return (asyncio.create_task(client.run(room, token.get_secret_value()), name="discord"),)


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
