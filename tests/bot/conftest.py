"""The room for tests: an App over a real database, with the writer's double, a set clock and one network."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bot.app import App, Patience
from bot.networks.base import Network
from bot.stage import script_work, slate_work
from bot.ui import typefaces
from bot.ui.typesetting import use_fonts
from bot.usecases import browsing, pitching, voting
from bot.usecases.browsing import SlateView
from bot.web.server import create_app
from db.database import Database
from db.ids import GuildId, MemberId
from db.pitches import Pitch
from model.briefs import PitchBrief, genre, theme
from model.engine import Engine
from model.fake import fake_engine
from tests.bot.doubles import Clock, FakeNetwork, draw
from tests.bot.typography import font_of
from tests.db.conftest import fresh_postgresql, migrated_postgresql, migrated_sqlite, postgresql_server

__all__ = ["migrated_postgresql", "migrated_sqlite", "postgresql_server"]

ANNA, PAGE = MemberId("page:anna"), GuildId("page")
API_TOKEN = "api-token"
OpenApp = Callable[..., App]
Slated = Callable[..., Awaitable[SlateView]]
OnlyFonts = Callable[..., None]


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the machine and a ``.env`` in the checkout stay out of the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "WORKER_MODEL", "WORKER_TOKEN", "WORKER_URL", "API_TOKEN", "DISCORD_TOKEN", "OUTBOX"):
        monkeypatch.delenv(f"GREENLIT_{name}", raising=False)


@pytest.fixture
def only_fonts_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OnlyFonts]:
    """Let this machine have only the fonts it is called with, each by name and the characters that it draws."""

    def have(**fonts: str) -> None:
        monkeypatch.setattr(typefaces, "system_folders", tuple)
        for name, characters in fonts.items():
            font_of(tmp_path / f"{name}.ttf", characters)
        use_fonts(tmp_path)

    yield have
    monkeypatch.undo()
    use_fonts()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with every table; a test may ask for ``postgresql`` indirectly."""
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "room.db")
        yield f"sqlite:///{tmp_path / 'room.db'}"
        return
    template = request.getfixturevalue("migrated_postgresql")
    with fresh_postgresql(request.getfixturevalue("postgresql_server"), template) as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> FakeNetwork:
    return FakeNetwork()


@pytest.fixture
async def open_app(database_url: str, clock: Clock, network: FakeNetwork) -> AsyncIterator[OpenApp]:
    """Give a function that opens one more app over the same database; all are stopped in the end."""
    opened: list[App] = []

    def open_(
        engine: Engine | None = None,
        *,
        database: Database | None = None,
        networks: tuple[Network, ...] | None = None,
        patience: Patience | None = None,
        approval: bool = False,
    ) -> App:
        app = App(
            database=database or Database.connect(database_url),
            engine=engine or fake_engine(),
            networks=(network,) if networks is None else networks,
            patience=patience or Patience(first=0.0, longest=0.0, total=1.0),
            now=clock,
            new_seed=lambda: 7,
            approval=approval,
        )
        opened.append(app)
        return app

    yield open_
    for app in opened:
        await app.crew.drain(0)
        await app.database.close()


@pytest.fixture
def app(open_app: OpenApp) -> App:
    return open_app()


@pytest.fixture
def slated() -> Slated:
    """Give a function that has a slate written and returns it."""

    async def write(app: App, *, seed: int = 7, count: int = 3, guild: GuildId = PAGE) -> SlateView:
        brief = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=count, seed=seed)
        slate = await pitching.open_slate(app, brief, by=ANNA, guild=guild, limited=False)
        await app.crew.finish(slate_work(slate.id))
        return await browsing.slate(app, slate.id)

    return write


@pytest.fixture
def scripted(slated: Slated) -> Callable[..., Awaitable[Pitch]]:
    """Give a function that has a show pitched, greenlit and scripted."""

    async def write(app: App, *, seed: int = 7) -> Pitch:
        view = await slated(app, seed=seed)
        pitch = await voting.greenlight(app, view.pitches[0].id, by=ANNA)
        show = await browsing.show(app, pitch.id)
        await app.crew.finish(script_work(show.scripts[0].id))
        return (await browsing.show(app, pitch.id)).pitch

    return write


def visitor(app: App, *, host: str = "127.0.0.1", token: str | None = API_TOKEN) -> httpx.AsyncClient:
    """Return a browser before the page; faults of ours come back as answers."""
    site = create_app(app, draw, api_token=token, host=host)
    transport = httpx.ASGITransport(app=site, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8576")


@pytest.fixture
async def browser(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as client:
        yield client


@pytest.fixture
async def api(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as client:
        client.headers["Authorization"] = f"Bearer {API_TOKEN}"
        yield client
