import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

import greenlit
from bot.app import App
from bot.usecases import publishing
from bot.usecases.reserve import NothingToPostError
from db.database import Database
from tests.bot.conftest import OpenApp
from tests.bot.doubles import FakeNetwork, draw
from tests.bot.test_usecase_publishing import DAY, Scripted
from tests.bot.year import fill


async def test_a_preview_shows_what_each_network_would_be_sent_and_sends_nothing(
    open_app: OpenApp, scripted: Scripted
) -> None:
    networks = FakeNetwork(name="free"), FakeNetwork(name="dear", price=Decimal("0.2"))
    app = open_app(networks=networks)
    show = await scripted(app)
    free, dear = await publishing.preview(app, draw, DAY)
    assert (free.text, free.measure.length) == (f"{show.title}\nGreenLIT Daily · 21 Nov 2026", len(free.text))
    assert (free.measure.cost, dear.measure.cost) == (Decimal(0), Decimal("0.2"))
    assert await publishing.posts_of(app, DAY) == ()
    await publishing.publish(app, draw, DAY)
    assert [each.text for each in await publishing.preview(app, draw, DAY)] == [free.text, dear.text]


async def test_a_preview_without_a_show_writes_none(app: App) -> None:
    with pytest.raises(NothingToPostError):
        await publishing.preview(app, draw, DAY)


@pytest.fixture
async def room(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The front door opens this test's room."""
    database = Database.connect(database_url)
    await fill(database, 2)
    await database.close()
    monkeypatch.setenv("GREENLIT_DATABASE_URL", database_url)
    monkeypatch.setenv("GREENLIT_WORKER_URL", "http://127.0.0.1:9")
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET"):
        monkeypatch.setenv(f"GREENLIT_TWITTER_{name}", "7-key")


@pytest.mark.usefixtures("room")
def test_a_dry_run_shows_text_picture_and_cost(tmp_path: Path) -> None:
    shown = CliRunner().invoke(greenlit.app, ["post", "--dry-run", "--into", str(tmp_path / "look")])
    assert shown.exit_code == 0, shown.output
    assert "twitter (7): length " in shown.output
    assert "US$ 0.025, picture " in shown.output
    assert "outbox: length " in shown.output
    assert ", free, picture" in shown.output
    written = {file.name for file in (tmp_path / "look").iterdir()}
    assert written >= {"outbox.txt", "outbox.png", "twitter-7.txt", "twitter-7.png"}
    assert (tmp_path / "look" / "twitter-7.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "var/outbox").exists()


@pytest.mark.usefixtures("room")
def test_posting_by_hand_posts_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GREENLIT_TWITTER_CONSUMER_KEY")
    for _ in range(2):
        told = CliRunner().invoke(greenlit.app, ["post", "--json"])
        assert told.exit_code == 0, told.output
        facts = json.loads(told.stdout.splitlines()[-1])
        assert (facts["network"], facts["state"]) == ("outbox", "posted")
    assert len(list((tmp_path / "var/outbox").iterdir())) == 1
    shown = CliRunner().invoke(greenlit.app, ["post"])
    assert "outbox: posted " in shown.output


def test_a_folder_needs_a_dry_run() -> None:
    assert CliRunner().invoke(greenlit.app, ["post", "--into", "x"]).exit_code == 2
