import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import App
from bot.stage import script_work
from bot.usecases import browsing, voting
from db.database import Database
from db.ids import GuildId, MemberId
from tests.bot.conftest import ANNA, OpenApp, Slated, visitor
from tests.bot.test_web_pages import FORM, complaint


@pytest.mark.parametrize(
    "path",
    [
        "/slates/999",
        "/scripts/999",
        "/scripts/999.fountain",
        "/nothing",
        "/slates/x",
        f"/slates/{10**30}",
        f"/scripts/{10**30}",
        "/slates/" + "9" * 5000,
        "/scripts/" + "9" * 5000 + ".fountain",
        "/slates/999/live",
    ],
)
async def test_what_is_not_there_is_a_page_with_a_sentence(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 404
    assert complaint(page).startswith("There is n")
    assert "Back to the room" in page.text


@pytest.mark.parametrize("path", ["/votes", "/scripts", "/greenlights"])
@pytest.mark.parametrize("number", ["999", "-1", "x", "", "9" * 30])
async def test_a_deed_on_nothing_is_a_page_with_a_sentence(browser: httpx.AsyncClient, path: str, number: str) -> None:
    page = await browser.post(path, data={"pitch": number})
    assert page.status_code == 404
    assert complaint(page).startswith("There is no pitch")


async def test_what_belongs_to_a_server_is_neither_shown_nor_decided_on_the_page(
    browser: httpx.AsyncClient, app: App, slated: Slated
) -> None:
    view = await slated(app, guild=GuildId("discord:1"))
    number, pitch = view.slate.id, view.pitches[0]
    answers = [await browser.get(f"/slates/{number}"), await browser.get(f"/slates/{number}/live")]
    answers += [await browser.post(path, data={"pitch": pitch.id}) for path in ("/votes", "/greenlights")]
    assert (await browsing.show(app, pitch.id)).pitch == pitch
    await voting.greenlight(app, pitch.id, by=ANNA)
    (script,) = (await browsing.show(app, pitch.id)).scripts
    await app.crew.finish(script_work(script.id))
    answers += [await browser.get(f"/scripts/{script.id}{kind}") for kind in ("", ".fountain", "/live")]
    answers.append(await browser.post("/scripts", data={"pitch": pitch.id}))
    assert [answer.status_code for answer in answers] == [404] * 8
    assert not [answer for answer in answers if pitch.title in answer.text]


async def test_no_other_site_may_frame_the_page(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/nothing", "/static/room.css"):
        headers = (await browser.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


async def test_an_unfinished_script_is_no_file(app: App, slated: Slated) -> None:
    view = await slated(app)
    await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    await app.crew.drain(0)
    show = await browsing.show(app, view.pitches[0].id)
    async with visitor(app) as browser:
        page = await browser.get(f"/scripts/{show.scripts[0].id}.fountain")
        assert (page.status_code, "finished script" in complaint(page)) == (404, True)
        assert "The room is writing" in (await browser.get(f"/scripts/{show.scripts[0].id}")).text


async def test_a_vote_on_a_closed_slate_is_a_page_with_a_sentence(
    browser: httpx.AsyncClient, app: App, slated: Slated
) -> None:
    view = await slated(app)
    await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    for path, start in [
        ("/votes", "This vote is over;"),
        ("/greenlights", f"“{view.pitches[1].title}” was passed over;"),
        ("/scripts", f"“{view.pitches[1].title}” was passed over;"),
    ]:
        page = await browser.post(path, data={"pitch": view.pitches[1].id})
        assert page.status_code == 409
        assert complaint(page).startswith(start)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/slates", "/votes", "/scripts", "/greenlights"])
async def test_forms_of_other_pages_are_refused(
    browser: httpx.AsyncClient, app: App, slated: Slated, headers: dict[str, str], path: str
) -> None:
    view = await slated(app)
    page = await browser.post(path, data=FORM | {"pitch": str(view.pitches[0].id)}, headers=headers)
    assert page.status_code == 403
    assert complaint(page) == "This form came from another page; open the room here and try again."
    remembered = await browsing.remembered(app)
    assert (remembered["slates"], remembered["votes"], remembered["scripts"]) == (1, 0, 0)


async def test_forms_of_our_own_page_pass(browser: httpx.AsyncClient) -> None:
    own = {"Origin": "http://127.0.0.1:8576", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/slates", data=FORM, headers=own)).status_code == 303


async def test_another_host_name_is_refused(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/", headers={"Host": "rebound.example"})).status_code == 400
    for host in ("localhost:8576", "127.0.0.1", "[::1]:8576"):
        assert (await browser.get("/", headers={"Host": host})).status_code == 200


async def test_on_an_open_network_visitors_are_no_showrunners(app: App, slated: Slated) -> None:
    view = await slated(app)
    async with visitor(app, host="0.0.0.0") as browser:  # noqa: S104
        assert "Greenlight" not in (await browser.get(f"/slates/{view.slate.id}")).text
        assert (await browser.post("/greenlights", data={"pitch": view.pitches[0].id})).status_code == 404
        assert (await browser.get("/", headers={"Host": "room.example"})).status_code == 200


async def test_a_seat_is_kept_and_a_forged_one_is_not(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/")
    seat = first.cookies["greenlit_seat"]
    assert "HttpOnly" in first.headers["set-cookie"]
    assert (await browser.get("/")).cookies["greenlit_seat"] == seat
    browser.cookies.clear()
    forged = await browser.get("/", headers={"Cookie": "greenlit_seat=admin"})
    assert forged.cookies["greenlit_seat"] != "admin"


@pytest.fixture
def bare_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bare.db'}"


async def test_a_room_without_tables_is_not_ready_and_says_what_to_run(open_app: OpenApp, bare_url: str) -> None:
    app = open_app(database=Database.connect(bare_url))
    sentence = "The database is not up to date; run: greenlit db upgrade"
    async with visitor(app) as browser:
        ready = await browser.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "reason": sentence})
        page = await browser.get("/")
        assert (page.status_code, complaint(page)) == (503, sentence)


async def test_a_locked_database_is_one_sentence_and_nothing_is_half_done(
    open_app: OpenApp, database_url: str, slated: Slated
) -> None:
    view = await slated(open_app())
    app = open_app(database=Database.connect(database_url, busy_timeout=20))
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        async with visitor(app) as browser:
            for path, form in [("/slates", FORM), ("/votes", {"pitch": str(view.pitches[0].id)})]:
                page = await browser.post(path, data=form)
                assert page.status_code == 503
                assert complaint(page) == "The room's memory is busy; please try again in a moment."
            assert (await browser.get(f"/slates/{view.slate.id}")).status_code == 200
        other.rollback()
    assert (await browsing.remembered(app))["slates"] == 1
    await voting.cast_vote(app, view.pitches[0].id, by=MemberId("page:b"))


class Broken(Database):
    """A database with a mistake in it."""

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        raise ZeroDivisionError("secret detail")
        yield  # type: ignore[unreachable]


async def test_an_unforeseen_fault_is_a_reference_number(open_app: OpenApp) -> None:
    broken = open_app(database=Broken.connect("sqlite:///nowhere.db"))
    async with visitor(broken) as browser:
        page = await browser.get("/")
        assert page.status_code == 500
        assert "secret detail" not in page.text
        assert complaint(page).startswith("Something went wrong that we didn't foresee;")
        ready = await browser.get("/readyz")
        assert ready.status_code == 503


async def test_a_body_of_a_megabyte_is_refused_with_a_sentence(browser: httpx.AsyncClient) -> None:
    page = await browser.post("/slates", data=FORM | {"theme": "x" * 1_000_000})
    assert page.status_code == 413
    assert "shorten it" in complaint(page)
