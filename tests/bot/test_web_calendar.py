"""The calendar: what was posted, what is proposed, and the owner's word about it."""

import html
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from bot.app import App
from bot.networks.base import NetworkRefusedError, NetworkUnauthorizedError
from bot.usecases import approving, publishing, showing
from db import posts
from db.pitches import Pitch
from tests.bot.conftest import API_TOKEN, OpenApp, visitor
from tests.bot.doubles import NOON, Clock, FakeNetwork, draw

Scripted = Callable[..., Awaitable[Pitch]]
DAY = NOON.date()


@pytest.fixture
def asking(open_app: OpenApp) -> App:
    return open_app(approval=True)


@pytest.fixture
async def owner(asking: App) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(asking) as client:
        yield client


async def proposed(app: App, scripted: Scripted) -> approving.Proposed:
    await scripted(app)
    return await approving.standing(app, DAY, showing.the_next)


async def seen(browser: httpx.AsyncClient) -> str:
    page = await browser.get("/calendar")
    assert page.status_code == 200
    return html.unescape(page.text)


async def test_before_the_first_show_the_calendar_says_so(browser: httpx.AsyncClient) -> None:
    assert "Nothing was posted yet" in await seen(browser)


async def test_what_was_posted_stands_under_its_day(app: App, browser: httpx.AsyncClient, scripted: Scripted) -> None:
    show = await scripted(app)
    await publishing.publish(app, draw, DAY)
    page = await seen(browser)
    assert DAY.isoformat() in page
    assert show.title in page
    assert 'class="state posted"' in page


async def test_a_show_is_reworded_and_approved(asking: App, owner: httpx.AsyncClient, scripted: Scripted) -> None:
    found = await proposed(asking, scripted)
    path = f"/proposals/{found.proposal.id}"
    assert found.pitch.title in await seen(owner)
    changed = await owner.post(path, data={"summary": "A kettle finds its voice."})
    assert changed.headers["location"] == "/calendar"
    assert "A kettle finds its voice." in await seen(owner)
    await owner.post(f"{path}/approve")
    assert (await approving.proposed(asking, found.proposal.id)).proposal.state == "approved"
    again = await owner.post(f"{path}/approve")
    assert again.status_code == 409
    assert "was decided about meanwhile" in html.unescape(again.text)


async def test_what_cannot_be_said_comes_back_with_the_reason(
    asking: App, owner: httpx.AsyncClient, scripted: Scripted
) -> None:
    found = await proposed(asking, scripted)
    refused = await owner.post(f"/proposals/{found.proposal.id}", data={"summary": " "})
    assert refused.status_code == 422
    assert "The summary is empty" in html.unescape(refused.text)
    assert found.summary in html.unescape(refused.text)


async def test_a_show_is_skipped(asking: App, owner: httpx.AsyncClient, scripted: Scripted) -> None:
    found = await proposed(asking, scripted)
    await owner.post(f"/proposals/{found.proposal.id}/skip")
    assert 'class="state skipped"' in await seen(owner)


async def test_only_on_the_owners_own_machine_is_anything_decided(asking: App, scripted: Scripted) -> None:
    found = await proposed(asking, scripted)
    async with visitor(asking, host="0.0.0.0") as stranger:  # noqa: S104 - a page open to all
        assert found.summary in await seen(stranger)
        assert (await stranger.post(f"/proposals/{found.proposal.id}/approve")).status_code == 404
    assert (await approving.proposed(asking, found.proposal.id)).proposal.state == "proposed"


async def test_a_form_of_another_page_decides_nothing(
    asking: App, owner: httpx.AsyncClient, scripted: Scripted
) -> None:
    found = await proposed(asking, scripted)
    for deed in ("/approve", "/skip", ""):
        sent = await owner.post(
            f"/proposals/{found.proposal.id}{deed}", data={"summary": "x"}, headers={"origin": "http://evil.example"}
        )
        assert sent.status_code == 403
    assert (await approving.proposed(asking, found.proposal.id)) == found


@pytest.mark.parametrize("number", ["999", "9" * 30])
async def test_a_proposal_that_is_none_is_not_found(owner: httpx.AsyncClient, number: str) -> None:
    assert (await owner.post(f"/proposals/{number}/approve")).status_code == 404


async def test_what_a_network_refused_is_tried_again(
    app: App, browser: httpx.AsyncClient, scripted: Scripted, network: FakeNetwork
) -> None:
    await scripted(app)
    network.before = [NetworkRefusedError("too rude")]
    (post,) = await publishing.publish(app, draw, DAY)
    assert "too rude" in await seen(browser)
    again = await browser.post(f"/posts/{post.id}/retry")
    assert again.headers["location"] == "/calendar"
    assert network.world.days() == [DAY]
    assert (await browser.post(f"/posts/{post.id}/retry")).status_code == 404
    assert network.world.days() == [DAY]


async def test_a_network_that_refused_our_keys_is_asked_again(
    app: App, browser: httpx.AsyncClient, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.before = [NetworkUnauthorizedError("keys"), NetworkRefusedError("too rude")]
    await publishing.publish(app, draw, DAY)
    assert app.refused == {("fake", "")}
    app.refused.clear()
    clock.move(hours=1)
    await publishing.recover(app, draw)
    (post,) = await publishing.posts_of(app, DAY)
    assert post.state == "failed"
    app.refused.add(("fake", ""))
    await browser.post(f"/posts/{post.id}/retry")
    assert network.world.days() == [DAY]
    assert app.refused == set()


async def test_servers_are_counted_not_listed(app: App, browser: httpx.AsyncClient) -> None:
    async with app.database.writing() as session:
        for number in range(3):
            claim = await posts.claim(session, day=DAY, network=posts.SERVERS, account=str(number), now=app.now())
            assert claim
            if number:
                await posts.failed(session, claim.id, reason="Missing Access", now=app.now())
    page = await seen(browser)
    assert "discord · 3 servers" in page
    assert "2 failed" in page
    assert "Missing Access" not in page


async def test_a_show_that_waits_for_a_word_is_no_error_of_the_interface(
    asking: App, owner: httpx.AsyncClient, scripted: Scripted
) -> None:
    await scripted(asking)
    owner.headers["Authorization"] = f"Bearer {API_TOKEN}"
    told = await owner.post("/api/posts", json={})
    assert told.status_code == 200
    (post,) = told.json()
    assert post["state"] == "claimed"
    assert "waits for your word" in post["reason"]
