import html
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing

import httpx
import pytest

from bot.app import App
from bot.stage import script_work, slate_work
from bot.usecases import browsing, voting
from bot.usecases.browsing import SlateView
from db.ids import SlateId
from db.pitches import Pitch
from model.drafts import PitchDraft
from model.engine import Drafted, EngineError, EngineUnauthorizedError, Event, Finished, NothingOriginalError, Text
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated, visitor
from tests.bot.doubles import Told

Scripted = Callable[..., Awaitable[Pitch]]
FORM = {"genre": "comedy", "theme": "time travel", "count": "3"}


def text_of(page: httpx.Response) -> str:
    return html.unescape(page.text)


def complaint(page: httpx.Response) -> str:
    found = re.search(r'role="alert">(.*?)</p>', page.text, re.DOTALL)
    assert found, page.text
    return html.unescape(found[1])


async def pitch(browser: httpx.AsyncClient, app: App) -> SlateView:
    answer = await browser.post("/slates", data=FORM)
    assert answer.status_code == 303
    number = int(answer.headers["location"].removeprefix("/slates/"))
    await app.crew.finish(slate_work(number))
    return await browsing.slate(app, SlateId(number))


async def test_a_visitor_pitches_votes_and_reads_the_script(browser: httpx.AsyncClient, app: App) -> None:
    assert "None yet. Your pitch is the first." in text_of(await browser.get("/"))
    view = await pitch(browser, app)
    page = await browser.get(f"/slates/{view.slate.id}")
    assert all(each.title in text_of(page) for each in view.pitches)
    voted = await browser.post("/votes", data={"pitch": view.pitches[1].id})
    assert voted.headers["location"] == f"/slates/{view.slate.id}"
    page = await browser.get(f"/slates/{view.slate.id}")
    assert ("1 vote" in page.text, "Your vote" in page.text) == (True, True)
    greenlit = await browser.post("/greenlights", data={"pitch": view.pitches[1].id})
    script = greenlit.headers["location"]
    await app.crew.finish(script_work(int(script.removeprefix("/scripts/"))))
    assert "INT. " in (await browser.get(script)).text
    download = await browser.get(f"{script}.fountain")
    assert download.text.startswith("Title: ")
    assert "attachment" in download.headers["content-disposition"]
    again = await browser.post("/scripts", data={"pitch": view.pitches[1].id})
    assert again.headers["location"] == script
    room = text_of(await browser.get("/"))
    assert view.pitches[1].title in room


async def test_voting_twice_in_one_browser_counts_once(browser: httpx.AsyncClient, app: App) -> None:
    view = await pitch(browser, app)
    for _ in range(2):
        await browser.post("/votes", data={"pitch": view.pitches[0].id})
    assert (await browsing.slate(app, view.slate.id)).pitches[0].votes == 1


async def test_three_browsers_greenlight_a_show(app: App, slated: Slated) -> None:
    view = await slated(app)
    for _ in range(3):
        async with visitor(app) as browser:
            answer = await browser.post("/votes", data={"pitch": view.pitches[0].id})
            assert answer.status_code == 303
    assert (await browsing.show(app, view.pitches[0].id)).pitch.state in {"greenlit", "scripted"}
    async with visitor(app) as browser:
        page = await browser.get(f"/slates/{view.slate.id}")
        assert ("the vote is over" in page.text, "greenlit" in page.text) == (True, True)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"genre": "comdy"}, "I don't know the genre “comdy”. Did you mean comedy?"),
        ({"theme": "x" * 500}, "The theme is too long (500); keep it to 64."),
        ({"theme": "   "}, "The theme is empty; a few words are enough."),
        ({"theme": "@everyone"}, "Please write the theme in plain words on one line; this can't be used in it: @"),
        ({"theme": "<script>alert(1)</script>"}, "Please write the theme in plain words on one line;"),
        ({"theme": "one\ntwo"}, "Please write the theme in plain words on one line;"),
        ({"theme": "TITLE: mine"}, "Please write the theme in plain words on one line;"),
        ({"theme": "<|end|>"}, "Please write the theme in plain words on one line;"),
        ({"count": "11"}, "The count must be a number from 1 to 10."),
        ({"count": "many"}, "The count must be a number from 1 to 10."),
        ({"count": "9" * 40}, "The count must be a number from 1 to 10."),
    ],
)
async def test_a_form_that_will_not_do_comes_back_as_it_was_typed(
    browser: httpx.AsyncClient, app: App, wrong: dict[str, str], sentence: str
) -> None:
    typed = FORM | wrong
    page = await browser.post("/slates", data=typed)
    assert page.status_code == 422
    assert complaint(page).startswith(sentence)
    assert f'value="{html.escape(typed["theme"])}"'.replace("&#x27;", "&#39;") in page.text
    assert "<script>alert" not in page.text
    assert (await browsing.remembered(app))["slates"] == 0


async def test_a_form_without_fields_is_answered_too(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/slates", data={})).status_code == 422
    assert (await browser.post("/slates", files={"theme": b"file"})).status_code == 422


async def test_what_the_model_writes_is_text_and_no_markup(open_app: OpenApp, slated: Slated) -> None:
    title, summary = "Tom & Jerry's “Attack” on */ alert(1)", "Say 'yes' & \"no\" to &lt;script&gt;."
    draft = PitchDraft(title=title, summary=summary)
    told: list[Event] = [
        Text(0, f" {title}\nSUMMARY: {summary}"),
        Drafted(0, draft),
        Finished(model="m", computed=1, kept=1),
    ]
    app = open_app(Told([told]))
    view = await slated(app, count=1)
    async with visitor(app) as browser:
        page = await browser.get(f"/slates/{view.slate.id}")
    assert html.escape(title, quote=False).replace("'", "&#39;") in page.text
    assert "&amp;lt;script&amp;gt;" in page.text


async def test_even_a_row_with_a_script_in_it_is_shown_as_text(app: App, slated: Slated, database_url: str) -> None:
    view = await slated(app)
    await voting.cast_vote(app, view.pitches[0].id, by=ANNA)
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as rows:
        rows.execute("UPDATE pitches SET title = ?, summary = ? WHERE slot = 0", (evil, evil))
        rows.execute("UPDATE slates SET theme = ?", (evil,))
        rows.commit()
    pitch = await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    async with visitor(app) as browser:
        show = await browsing.show(app, pitch.id)
        for path in ("/", f"/slates/{view.slate.id}", f"/scripts/{show.scripts[0].id}"):
            page = await browser.get(path)
            assert page.status_code == 200
            assert evil not in page.text
            assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NothingOriginalError(), "Nothing original came out this time; another theme or seed helps."),
        (EngineUnauthorizedError(), "The worker refuses the bot's token;"),
    ],
)
async def test_a_failed_slate_says_why_and_can_be_asked_again(
    open_app: OpenApp, slated: Slated, error: EngineError, sentence: str
) -> None:
    app = open_app(Told([[error]]))
    view = await slated(app)
    async with visitor(app) as browser:
        page = await browser.get(f"/slates/{view.slate.id}")
        assert complaint(page).startswith(sentence)
        typed = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        assert (await browser.post("/slates", data=typed)).status_code == 303
        assert f'href="/slates/{view.slate.id + 1}"' in (await browser.get("/")).text


async def test_the_posts_of_the_last_days_are_listed(
    browser: httpx.AsyncClient, api: httpx.AsyncClient, scripted: Scripted, app: App
) -> None:
    await scripted(app)
    await api.post("/api/posts", json={})
    assert "2026-11-21 · fake" in text_of(await browser.get("/"))


async def test_the_stylesheet_and_the_health_of_the_room(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/static/room.css")).status_code == 200
    assert (await browser.get("/static/../server.py")).status_code == 404
    assert (await browser.get("/livez")).json() == {"alive": True}
    assert (await browser.get("/readyz")).json() == {"ready": True}


async def test_recent_slates_are_those_of_the_page(browser: httpx.AsyncClient, app: App, slated: Slated) -> None:
    view = await slated(app, guild=PAGE)
    assert f"/slates/{view.slate.id}" in (await browser.get("/")).text
