import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.networks.base import (
    Announcement,
    DuplicatePostError,
    Network,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
    marker,
)
from bot.networks.tweet_text import BREAK, weight
from bot.networks.twitter import Twitter
from tests.bot.fake_x import ME, METADATA, RECENT, TWEETS, UPLOAD, Answer, FakeX, says

ANNOUNCEMENT = Announcement(
    day=date(2026, 11, 21),
    title="Late Checkout",
    summary="A hotel sells yesterday.",
    genre="comedy",
    excerpt="[INT. LOBBY - NIGHT]\nANNA: Good evening.",
    picture=b"\x89PNG picture",
    alt="Poster of “Late Checkout”" + "!" * 1000,
)


@pytest.fixture
def x() -> FakeX:
    return FakeX()


@pytest.fixture
async def host(x: FakeX) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", x.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    x.closing.set()
    await runner.cleanup()


def account(host: str) -> Twitter:
    keys = [SecretStr(key) for key in ("consumer", "consumer-secret", "77-token", "token-secret")]
    return Twitter(
        consumer_key=keys[0],
        consumer_secret=keys[1],
        access_token=keys[2],
        access_token_secret=keys[3],
        host=host,
        timeout=(5, 0.5),
    )


@pytest.fixture
def twitter(host: str) -> Network:
    return account(host)


async def post(network: Network) -> str:
    return await network.post(ANNOUNCEMENT, network.text(ANNOUNCEMENT))


async def test_a_post_has_its_picture_described_and_says_that_it_is_made_with_ai(x: FakeX, twitter: Network) -> None:
    assert await post(twitter) == "https://x.com/i/web/status/1000"
    assert x.pictures == {"9": ANNOUNCEMENT.picture}
    assert x.alts == {"9": ANNOUNCEMENT.alt[:1000]}
    text = twitter.text(ANNOUNCEMENT)
    assert x.tweets == [{"id": "1000", "text": text, "media": {"media_ids": ["9"]}, "made_with_ai": True}]
    assert all(signature.startswith("OAuth ") for signature in x.signed)


@pytest.mark.parametrize("route", [UPLOAD, METADATA, TWEETS])
async def test_wrong_keys_are_unauthorized(x: FakeX, twitter: Network, route: str) -> None:
    x.answers[route] = says(401, {"title": "Unauthorized", "detail": "Unauthorized"})
    with pytest.raises(NetworkUnauthorizedError):
        await post(twitter)


async def test_the_same_text_twice_is_a_duplicate_and_can_be_found(x: FakeX, twitter: Network) -> None:
    address = await post(twitter)
    with pytest.raises(DuplicatePostError):
        await post(twitter)
    assert await twitter.find(ANNOUNCEMENT, twitter.text(ANNOUNCEMENT)) == address
    assert len(x.tweets) == 1


@pytest.mark.parametrize("status", [400, 402, 403, 404, 413])
async def test_any_other_refusal_carries_the_reason(x: FakeX, twitter: Network, status: int) -> None:
    x.answers[TWEETS] = says(status, {"title": "No", "detail": "Your account is locked."})
    with pytest.raises(NetworkRefusedError) as refused:
        await post(twitter)
    assert refused.value.reason == "Your account is locked."


async def test_a_refusal_without_a_word_has_its_status_as_reason(x: FakeX, twitter: Network) -> None:
    x.answers[TWEETS] = says(403, "<html>no</html>")
    with pytest.raises(NetworkRefusedError) as refused:
        await post(twitter)
    assert refused.value.reason == "403 Forbidden"


@pytest.mark.parametrize("route", [UPLOAD, METADATA, TWEETS])
@pytest.mark.parametrize(
    ("headers", "retry"),
    [
        ({}, None),
        ({"x-rate-limit-reset": "2000"}, 2000),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "2000"}, 2000),
        ({"x-rate-limit-reset": "2000", "x-user-limit-24hour-reset": "9000"}, 9000),
        (
            {"x-rate-limit-reset": "2000", "x-user-limit-24hour-remaining": "3", "x-user-limit-24hour-reset": "9000"},
            2000,
        ),
        (
            {"x-rate-limit-remaining": "9", "x-rate-limit-reset": "2000", "x-user-limit-24hour-reset": "9000"},
            9000,
        ),
    ],
)
async def test_too_many_requests_say_when_to_come_back(
    x: FakeX, twitter: Network, route: str, headers: dict[str, str], retry: int | None
) -> None:
    x.answers[route] = says(429, {"title": "Too Many Requests"}, headers)
    with pytest.raises(NetworkBusyError) as busy:
        await post(twitter)
    assert busy.value.retry_at == (None if retry is None else datetime.fromtimestamp(retry, UTC))
    assert x.calls.count(route) == 1
    assert not x.tweets


@pytest.mark.parametrize(
    ("route", "answer"),
    [
        (UPLOAD, says(503, "<html>over capacity</html>")),
        (UPLOAD, says(302)),
        (UPLOAD, says(200, "<html>hm</html>")),
        (METADATA, says(503, "<html>over capacity</html>")),
        (METADATA, says(302)),
    ],
)
async def test_a_failing_picture_means_nothing_was_posted_and_later_is_fine(
    x: FakeX, twitter: Network, route: str, answer: Answer
) -> None:
    x.answers[route] = answer
    with pytest.raises(NetworkBusyError):
        await post(twitter)
    assert TWEETS not in x.calls


@pytest.mark.parametrize("answer", [says(503, "<html>over capacity</html>"), says(500), says(408), says(302)])
async def test_a_server_error_on_the_post_is_uncertain(x: FakeX, twitter: Network, answer: Answer) -> None:
    x.answers[TWEETS] = answer
    with pytest.raises(NetworkUncertainError):
        await post(twitter)
    assert x.calls.count(TWEETS) == 1


@pytest.mark.parametrize("body", ["<html>fine</html>", [], {"data": None}, {}, {"errors": [{"message": "hm"}]}])
async def test_an_answer_that_is_none_is_uncertain(x: FakeX, twitter: Network, body: object) -> None:
    x.answers[TWEETS] = says(201, body)
    with pytest.raises(NetworkUncertainError):
        await post(twitter)


async def test_a_post_accepted_in_silence_is_uncertain_and_then_found(x: FakeX, twitter: Network) -> None:
    x.silent = True
    with pytest.raises(NetworkUncertainError):
        await post(twitter)
    assert await twitter.find(ANNOUNCEMENT, twitter.text(ANNOUNCEMENT)) == "https://x.com/i/web/status/1000"


async def test_a_connection_cut_after_sending_is_uncertain(x: FakeX, host: str) -> None:
    async def cut(request: web.Request) -> web.Response:
        await request.read()
        assert request.transport
        request.transport.abort()
        return web.Response()

    x.answers[TWEETS] = cut
    with pytest.raises(NetworkUncertainError):
        await post(account(host))


async def test_nobody_there_means_nothing_was_posted() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    network = account(f"http://127.0.0.1:{port}")
    with pytest.raises(NetworkBusyError):
        await post(network)
    with pytest.raises(NetworkBusyError):
        await network.find(ANNOUNCEMENT, "text")


async def test_only_the_post_of_the_day_is_found(twitter: Network) -> None:
    assert await twitter.find(ANNOUNCEMENT, "text") is None
    await post(twitter)
    other = replace(ANNOUNCEMENT, day=date(2026, 11, 2))
    assert await twitter.find(other, twitter.text(other)) is None


async def test_a_post_is_found_by_its_text_even_without_the_marker(x: FakeX, twitter: Network) -> None:
    x.tweets.append({"id": "5", "text": "Salt & Ash https://t.co/abc"})
    assert await twitter.find(ANNOUNCEMENT, "Salt & Ash") == "https://x.com/i/web/status/5"


@pytest.mark.parametrize("route", [ME, RECENT])
async def test_a_look_up_that_fails_is_no_answer(x: FakeX, twitter: Network, route: str) -> None:
    for status, expected in ((401, NetworkUnauthorizedError), (503, NetworkBusyError), (403, NetworkRefusedError)):
        x.answers[route] = says(status, "<html>no</html>")
        with pytest.raises(expected):
            await twitter.find(ANNOUNCEMENT, "text")


@given(st.text(max_size=300), st.text(max_size=700))
def test_the_text_is_within_the_limit_and_carries_the_day(title: str, summary: str) -> None:
    shown = replace(ANNOUNCEMENT, title=title, summary=summary, genre="science fiction")
    text = account("http://127.0.0.1:1").text(shown)
    assert weight(text) <= 280
    assert text.endswith(f"{marker(ANNOUNCEMENT.day)}\n#SciFi")


def test_a_title_that_looks_like_a_link_is_none_and_a_long_summary_ends_in_an_ellipsis() -> None:
    shown = replace(ANNOUNCEMENT, title="Catch.me", summary="Words and words. " * 40)
    text = account("http://127.0.0.1:1").text(shown)
    assert text.startswith(f"Catch.{BREAK}me (comedy)\n\nWords and words.")
    assert text.endswith("…\n\nGreenLIT Daily · 21 Nov 2026\n#comedy")
    assert 260 <= weight(text) <= 280


def test_the_keys_are_never_shown() -> None:
    twitter = account("http://127.0.0.1:1")
    assert twitter.account == "77"
    assert "secret" not in repr(twitter).replace("consumer_secret", "").replace("token_secret", "")


async def test_a_script_page_is_a_second_picture(x: FakeX, twitter: Network) -> None:
    paged = replace(ANNOUNCEMENT, page=b"\x89PNG page", page_alt="INT. LOBBY")
    await twitter.post(paged, twitter.text(paged))
    assert x.pictures == {"9": ANNOUNCEMENT.picture, "10": b"\x89PNG page"}
    assert x.alts == {"9": ANNOUNCEMENT.alt[:1000], "10": "INT. LOBBY"}
    assert x.tweets[0]["media"] == {"media_ids": ["9", "10"]}
