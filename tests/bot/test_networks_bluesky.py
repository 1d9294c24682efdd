import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.networks.base import (
    Announcement,
    Checkable,
    DuplicatePostError,
    NetworkBusyError,
    NetworkError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
    marker,
)
from bot.networks.bluesky import Bluesky, record_key
from tests.bot.fake_networks import BLOB, GET, POSTS, PUT, REFRESH, SIGN_IN, FakeBluesky, error, serving
from tests.bot.fake_x import Answer, says

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ANNOUNCEMENT = Announcement(
    day=date(2026, 11, 21),
    title="Late Checkout",
    summary="A hotel sells yesterday — and a “café”.",
    genre="science fiction",
    excerpt="[INT. LOBBY - NIGHT]\nANNA: Good evening.",
    picture=PIXEL,
    alt="Poster of “Late Checkout”",
)
RIGHT = "app-pass"
KEY = "3n2qdbe7m2222"
ADDRESS = f"https://bsky.app/profile/did:plc:abc/post/{KEY}"


@pytest.fixture
def server() -> FakeBluesky:
    return FakeBluesky()


@pytest.fixture
async def host(server: FakeBluesky) -> AsyncIterator[str]:
    async with serving(server) as address:
        yield address


def account(host: str, password: str = RIGHT) -> Bluesky:
    return Bluesky(handle="@greenlit.test", password=SecretStr(password), host=host, timeout=0.5)


@pytest.fixture
def bluesky(host: str) -> Bluesky:
    return account(host)


async def post(network: Bluesky) -> str:
    return await network.post(ANNOUNCEMENT, network.text(ANNOUNCEMENT))


async def test_a_post_has_its_picture_described_and_its_hashtags_marked(server: FakeBluesky, bluesky: Bluesky) -> None:
    assert await post(bluesky) == ADDRESS
    record = server.records[POSTS, KEY]
    text = record["text"]
    assert text == (
        "Late Checkout (science fiction)\n\nA hotel sells yesterday — and a “café”.\n\n"
        "GreenLIT Daily · 21 Nov 2026\n#SciFi #MadeWithAI"
    )
    assert server.blobs == [("image/png", PIXEL)]
    (image,) = record["embed"]["images"]
    assert (image["alt"], image["aspectRatio"]) == (ANNOUNCEMENT.alt, {"width": 1, "height": 1})
    assert image["image"]["mimeType"] == "image/png"
    marked = [
        text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode() for facet in record["facets"]
    ]
    assert marked == ["#SciFi", "#MadeWithAI"]
    assert [facet["features"][0]["tag"] for facet in record["facets"]] == ["SciFi", "MadeWithAI"]


async def test_a_day_is_put_once_and_found(server: FakeBluesky, bluesky: Bluesky) -> None:
    assert await bluesky.find(ANNOUNCEMENT, "text") is None
    await post(bluesky)
    first = server.records[POSTS, KEY]
    with pytest.raises(DuplicatePostError):
        await bluesky.post(ANNOUNCEMENT, "other words")
    assert server.records[POSTS, KEY] == first
    assert await bluesky.find(ANNOUNCEMENT, "text") == ADDRESS
    assert await bluesky.find(replace(ANNOUNCEMENT, day=date(2026, 11, 2)), "text") is None


async def test_a_sign_in_serves_for_many_posts(server: FakeBluesky, bluesky: Bluesky) -> None:
    for day in (1, 2, 3):
        await bluesky.post(replace(ANNOUNCEMENT, day=date(2026, 11, day)), "text")
    assert (server.calls.count(SIGN_IN), server.calls.count(REFRESH)) == (1, 0)


async def test_a_session_that_has_run_out_is_renewed(server: FakeBluesky, bluesky: Bluesky) -> None:
    await bluesky.check()
    server.expired = True
    assert await post(bluesky) == ADDRESS
    assert (server.calls.count(SIGN_IN), server.calls.count(REFRESH)) == (1, 1)


async def test_a_session_that_cannot_be_renewed_is_begun_anew(server: FakeBluesky, bluesky: Bluesky) -> None:
    await bluesky.check()
    server.current = "of somebody else"
    assert await post(bluesky) == ADDRESS
    assert server.calls.count(SIGN_IN) == 2


async def test_wrong_keys_are_unauthorized(host: str) -> None:
    for work in (post(account(host, "wrong")), account(host, "wrong").check()):
        with pytest.raises(NetworkUnauthorizedError, match="Invalid identifier or password"):
            await work


async def test_a_check_says_who_we_are(bluesky: Bluesky) -> None:
    assert isinstance(bluesky, Checkable)
    assert await bluesky.check() == "@greenlit.test"


async def test_the_profile_says_once_that_it_is_a_bots_and_keeps_what_it_said(
    server: FakeBluesky, bluesky: Bluesky
) -> None:
    place = ("app.bsky.actor.profile", "self")
    label = {"val": "graphic-media"}
    server.records[place] = {"displayName": "GreenLIT", "labels": {"values": [label]}}
    await post(bluesky)
    profile = server.records[place]
    assert (profile["displayName"], profile["labels"]["values"]) == ("GreenLIT", [label, {"val": "bot"}])
    await bluesky.post(replace(ANNOUNCEMENT, day=date(2026, 11, 22)), "text")
    other = Bluesky(handle="greenlit.test", password=SecretStr("app-pass"), host=bluesky.host)
    await other.post(replace(ANNOUNCEMENT, day=date(2026, 11, 23)), "text")
    assert server.calls.count(PUT) == 4  # three posts, one profile


async def test_a_profile_that_cannot_be_labelled_keeps_no_show_back(server: FakeBluesky, bluesky: Bluesky) -> None:
    kept = server.own

    async def no_profile(request: web.Request) -> web.Response:
        if (await request.json())["rkey"] == "self":
            return error(400, "InvalidRequest", "not here")
        return await kept(PUT, request)

    server.answers[PUT] = no_profile
    with capture_logs() as logs:
        assert await post(bluesky) == ADDRESS
    assert [entry["error"] for entry in logs] == ["not here"]


@pytest.mark.parametrize("route", [SIGN_IN, GET, BLOB, PUT])
async def test_too_many_requests_say_when_to_come_back(server: FakeBluesky, bluesky: Bluesky, route: str) -> None:
    server.answers[route] = says(429, {"error": "RateLimitExceeded"}, {"ratelimit-reset": "2000"})
    with pytest.raises(NetworkBusyError) as busy:
        await post(bluesky)
    assert busy.value.retry_at == datetime.fromtimestamp(2000, UTC)
    assert (POSTS, KEY) not in server.records


@pytest.mark.parametrize("route", [SIGN_IN, GET, BLOB])
@pytest.mark.parametrize("answer", [says(503, "<html>no</html>"), says(500), says(200, "<html>hm</html>")])
async def test_trouble_before_the_post_means_nothing_was_posted(
    server: FakeBluesky, bluesky: Bluesky, route: str, answer: Answer
) -> None:
    server.answers[route] = answer
    with pytest.raises(NetworkBusyError):
        await post(bluesky)
    assert POSTS not in {collection for collection, _ in server.records}


@pytest.mark.parametrize("answer", [says(502, "<html>no</html>"), says(200, "<html>hm</html>"), says(408)])
async def test_trouble_on_the_post_is_uncertain(server: FakeBluesky, bluesky: Bluesky, answer: Answer) -> None:
    server.records["app.bsky.actor.profile", "self"] = {"labels": {"values": [{"val": "bot"}]}}
    server.answers[PUT] = answer
    with pytest.raises(NetworkUncertainError):
        await post(bluesky)


async def test_a_post_taken_in_silence_is_uncertain_and_then_found(server: FakeBluesky, bluesky: Bluesky) -> None:
    server.records["app.bsky.actor.profile", "self"] = {"labels": {"values": [{"val": "bot"}]}}
    server.silent = True
    with pytest.raises(NetworkUncertainError):
        await post(bluesky)
    assert await bluesky.find(ANNOUNCEMENT, "text") == ADDRESS


async def test_a_refusal_carries_the_networks_words(server: FakeBluesky, bluesky: Bluesky) -> None:
    server.answers[BLOB] = says(400, {"error": "BlobTooLarge", "message": "This file is too large."})
    with pytest.raises(NetworkRefusedError) as refused:
        await post(bluesky)
    assert (refused.value.reason, refused.value.code) == ("This file is too large.", "BlobTooLarge")
    server.answers[GET] = says(400, {"error": "AccountTakedown", "message": "Account has been taken down"})
    with pytest.raises(NetworkRefusedError, match="taken down"):
        await bluesky.find(ANNOUNCEMENT, "text")


async def test_nobody_there_means_nothing_was_posted() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    for work in (post(account(f"http://127.0.0.1:{port}")), account(f"http://127.0.0.1:{port}").check()):
        with pytest.raises(NetworkBusyError):
            await work


async def test_a_host_that_is_none_is_refused() -> None:
    for host in ("http://", "https://[", "ftp://bsky.test"):
        with pytest.raises(NetworkError):
            await account(host).check()


TEXTS = st.text(max_size=300) | st.text("👨‍👩‍👧‍👦 🇩🇪", max_size=900)


@given(TEXTS, TEXTS)
def test_the_text_is_within_both_limits_and_carries_the_day(title: str, summary: str) -> None:
    bluesky = account("http://127.0.0.1:1")
    text = bluesky.text(replace(ANNOUNCEMENT, title=title, summary=summary))
    assert bluesky.measure(text).length <= 300
    assert len(text.encode("utf-8", "surrogatepass")) <= 3000
    assert text.endswith(f"{marker(ANNOUNCEMENT.day)}\n#SciFi #MadeWithAI")


def test_families_count_as_bytes_where_those_are_the_tighter_limit() -> None:
    bluesky = account("http://127.0.0.1:1")
    assert bluesky.measure("👨‍👩‍👧‍👦").length == 3  # 25 bytes
    assert bluesky.measure("Café").length == 4
    assert bluesky.measure("e\u0301").cost == 0


def test_a_days_key_is_its_own_sorts_and_is_of_the_past() -> None:
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(800)]
    keys = [record_key(day) for day in days]
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {13}
    assert record_key(ANNOUNCEMENT.day) == KEY
    number = 0
    for digit in KEY:
        number = 32 * number + "234567abcdefghijklmnopqrstuvwxyz".index(digit)
    assert datetime.fromtimestamp((number >> 10) / 1e6, UTC) == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_password_is_never_shown(bluesky: Bluesky) -> None:
    assert bluesky.account == "greenlit.test"
    assert "app-pass" not in repr(bluesky)


async def test_a_script_page_is_a_second_picture(server: FakeBluesky, bluesky: Bluesky) -> None:
    paged = replace(ANNOUNCEMENT, page=PIXEL, page_alt="INT. LOBBY")
    await bluesky.post(paged, bluesky.text(paged))
    images = server.records[POSTS, KEY]["embed"]["images"]
    assert [image["alt"] for image in images] == [ANNOUNCEMENT.alt, "INT. LOBBY"]
    assert len(server.blobs) == 2
