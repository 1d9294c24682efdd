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
    FREE,
    Checkable,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
    Ruled,
    marker,
)
from bot.networks.mastodon import Mastodon
from bot.networks.wording import BREAK
from tests.bot.fake_networks import INSTANCE, ME, MEDIA, MEDIA_DONE, RECENT, STATUSES, FakeMastodon, serving
from tests.bot.fake_x import Answer, says
from tests.bot.test_networks_bluesky import ANNOUNCEMENT, PIXEL

ADDRESS = "https://m.test/@greenlit/1000"


@pytest.fixture
def server() -> FakeMastodon:
    return FakeMastodon()


@pytest.fixture
async def host(server: FakeMastodon) -> AsyncIterator[str]:
    async with serving(server) as address:
        yield address


@pytest.fixture
def mastodon(host: str) -> Mastodon:
    return Mastodon(instance=host, token=SecretStr("token"), timeout=0.5, pause=0.0)


async def post(network: Mastodon) -> str:
    return await network.post(ANNOUNCEMENT, network.text(ANNOUNCEMENT))


async def test_a_post_has_its_picture_described_and_a_key_of_its_day(server: FakeMastodon, mastodon: Mastodon) -> None:
    assert await post(mastodon) == ADDRESS
    assert server.media == [("show.png", "image/png", PIXEL, ANNOUNCEMENT.alt)]
    (status,) = server.statuses
    assert (status["media_ids"], status["visibility"], status["language"]) == (["9"], "public", "en")
    assert "spoiler_text" not in status
    assert status["status"].endswith("GreenLIT Daily · 21 Nov 2026\n#SciFi #MadeWithAI")
    assert list(server.keys) == ["greenlit-2026-11-21"]


async def test_a_day_posted_twice_stands_there_once(server: FakeMastodon, mastodon: Mastodon) -> None:
    assert await post(mastodon) == await post(mastodon)
    assert len(server.statuses) == 1


async def test_a_post_can_be_hidden_behind_a_warning(server: FakeMastodon, mastodon: Mastodon) -> None:
    quiet = replace(mastodon, warning="AI fiction", visibility="unlisted")
    await post(quiet)
    (status,) = server.statuses
    assert (status["spoiler_text"], status["sensitive"], status["visibility"]) == ("AI fiction", True, "unlisted")


async def test_a_picture_is_waited_for(server: FakeMastodon, mastodon: Mastodon) -> None:
    server.working = 3
    assert await post(mastodon) == ADDRESS
    assert server.calls.count(MEDIA_DONE) == 3


async def test_a_picture_that_never_gets_ready_is_tried_later(server: FakeMastodon, mastodon: Mastodon) -> None:
    server.working = 1000
    with pytest.raises(NetworkBusyError):
        await post(mastodon)
    assert server.statuses == []


async def test_the_text_is_as_long_as_the_instance_allows(server: FakeMastodon, mastodon: Mastodon) -> None:
    assert isinstance(mastodon, Ruled)
    server.characters = 5000
    long = replace(ANNOUNCEMENT, summary="Words and words. " * 400)
    assert mastodon.measure(mastodon.text(long)).length <= 500
    await mastodon.learn()
    await mastodon.learn()
    measured = mastodon.measure(mastodon.text(long))
    assert (measured.limit, measured.length > 4980, measured.cost) == (5000, True, FREE)
    assert await mastodon.post(long, mastodon.text(long)) == ADDRESS
    assert server.calls.count(INSTANCE) == 1


@pytest.mark.parametrize("answer", [says(404, {"error": "Record not found"}), says(200, {}), says(200, [])])
async def test_an_instance_that_says_nothing_has_mastodons_rules(
    server: FakeMastodon, mastodon: Mastodon, answer: Answer
) -> None:
    server.answers[INSTANCE] = answer
    await mastodon.learn()
    assert mastodon.measure("text").limit == 500


async def test_a_link_counts_23_and_a_mention_without_its_host(mastodon: Mastodon) -> None:
    assert mastodon.measure(f"https://example.org/{'a' * 90}").length == 23
    assert mastodon.measure("@anna@example.org hello").length == 11
    assert replace(mastodon, warning="four").measure("four").length == 8


def test_nobody_is_mentioned_and_nothing_linked() -> None:
    mastodon = Mastodon(instance="https://m.test", token=SecretStr("token"))
    text = mastodon.text(replace(ANNOUNCEMENT, title="Ask @anna", summary="See https://a.test, #now."))
    assert text.startswith(f"Ask @{BREAK}anna (science fiction)\n\nSee https:{BREAK}//a.test, #{BREAK}now.")


async def test_only_the_post_of_the_day_is_found(mastodon: Mastodon) -> None:
    assert await mastodon.find(ANNOUNCEMENT, "text") is None
    await post(mastodon)
    assert await mastodon.find(ANNOUNCEMENT, "text") == ADDRESS
    assert await mastodon.find(replace(ANNOUNCEMENT, day=date(2026, 11, 2)), "text") is None


async def test_a_check_says_who_we_are_and_asks_for_the_bots_mark(
    server: FakeMastodon, mastodon: Mastodon, host: str
) -> None:
    assert isinstance(mastodon, Checkable)
    name = f"@greenlit@{host.removeprefix('http://')}"
    assert await mastodon.check() == name
    server.bot = False
    assert await mastodon.check() == f"{name}, not marked as automated: Preferences, Profile"


async def test_a_wrong_token_is_unauthorized(host: str) -> None:
    network = Mastodon(instance=host, token=SecretStr("wrong"), timeout=0.5)
    for work in (post(network), network.find(ANNOUNCEMENT, "text"), network.check()):
        with pytest.raises(NetworkUnauthorizedError, match="The access token is invalid"):
            await work


async def test_a_refusal_carries_the_networks_words(server: FakeMastodon, mastodon: Mastodon) -> None:
    with pytest.raises(NetworkRefusedError, match="Text character limit of 500 exceeded"):
        await mastodon.post(ANNOUNCEMENT, "long " * 200)
    server.answers[STATUSES] = says(403, {"error": "This action is outside the authorized scopes"})
    with pytest.raises(NetworkRefusedError, match="outside the authorized scopes"):
        await post(mastodon)


@pytest.mark.parametrize("route", [MEDIA, STATUSES])
async def test_too_many_requests_say_when_to_come_back(server: FakeMastodon, mastodon: Mastodon, route: str) -> None:
    reset = "2026-11-21T15:00:00.000000Z"
    server.answers[route] = says(429, {"error": "Too many requests"}, {"X-RateLimit-Reset": reset})
    with pytest.raises(NetworkBusyError) as busy:
        await post(mastodon)
    assert busy.value.retry_at == datetime(2026, 11, 21, 15, tzinfo=UTC)


@pytest.mark.parametrize("route", [MEDIA, MEDIA_DONE, ME, RECENT, INSTANCE])
@pytest.mark.parametrize("answer", [says(503, "<html>no</html>"), says(500), says(200, "<html>hm</html>")])
async def test_trouble_beside_the_post_means_nothing_was_posted(
    server: FakeMastodon, mastodon: Mastodon, route: str, answer: Answer
) -> None:
    server.answers[route], server.working = answer, 1
    work = {INSTANCE: mastodon.learn(), ME: mastodon.check(), RECENT: mastodon.find(ANNOUNCEMENT, "text")}
    asked = work.pop(route, None) or post(mastodon)
    with pytest.raises(NetworkBusyError):
        await asked
    for other in work.values():
        other.close()
    assert server.statuses == []


@pytest.mark.parametrize("answer", [says(503, "<html>no</html>"), says(500), says(200, "<html>hm</html>"), says(408)])
async def test_trouble_on_the_post_is_uncertain(server: FakeMastodon, mastodon: Mastodon, answer: Answer) -> None:
    server.answers[STATUSES] = answer
    with pytest.raises(NetworkUncertainError):
        await post(mastodon)


@pytest.mark.parametrize("body", [[1], {"id": "1"}, {"url": None}])
async def test_an_answer_that_names_no_post_is_uncertain(
    server: FakeMastodon, mastodon: Mastodon, body: object
) -> None:
    server.answers[STATUSES] = says(200, body)
    with pytest.raises(NetworkUncertainError):
        await post(mastodon)


async def test_a_look_up_that_makes_no_sense_is_no_answer(server: FakeMastodon, mastodon: Mastodon) -> None:
    server.answers[RECENT] = says(200, {"error": "hm"})
    with pytest.raises(NetworkBusyError):
        await mastodon.find(ANNOUNCEMENT, "text")


async def test_a_post_taken_in_silence_is_uncertain_and_then_found(server: FakeMastodon, mastodon: Mastodon) -> None:
    server.silent = True
    with pytest.raises(NetworkUncertainError):
        await post(mastodon)
    assert await mastodon.find(ANNOUNCEMENT, "text") == ADDRESS


async def test_an_answer_in_drips_is_not_waited_for_for_ever(server: FakeMastodon, host: str) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not server.closing.is_set():
            await response.write(b" ")
            await asyncio.sleep(0.02)
        return response

    server.answers[STATUSES] = drip  # type: ignore[assignment] # a stream is an answer, too
    network = Mastodon(instance=host, token=SecretStr("token"), timeout=0.1)
    with pytest.raises(NetworkUncertainError):
        await post(network)


async def test_an_instance_that_moved_is_refused(server: FakeMastodon, mastodon: Mastodon) -> None:
    server.answers[MEDIA] = says(301, None, {"Location": "https://new.test/"})
    with pytest.raises(NetworkRefusedError, match=r"it has moved to https://new\.test/"):
        await post(mastodon)


@given(st.text(max_size=300), st.text(max_size=900), st.text(max_size=30))
def test_the_text_is_within_the_limit_and_carries_the_day(title: str, summary: str, warning: str) -> None:
    mastodon = Mastodon(instance="https://m.test", token=SecretStr("token"), warning=warning)
    text = mastodon.text(replace(ANNOUNCEMENT, title=title, summary=summary))
    assert mastodon.measure(text).length <= 500
    assert text.endswith(f"{marker(ANNOUNCEMENT.day)}\n#SciFi #MadeWithAI")


def test_two_accounts_of_an_instance_are_two() -> None:
    first = Mastodon(instance="https://m.test/", token=SecretStr("token"))
    assert (first.account, replace(first, label="second").account) == ("m.test", "m.test/second")
    assert "token=" not in repr(first).replace("token=SecretStr('**********')", "")


async def test_a_script_page_is_a_second_picture(server: FakeMastodon, mastodon: Mastodon) -> None:
    paged = replace(ANNOUNCEMENT, page=PIXEL, page_alt="INT. LOBBY")
    await mastodon.post(paged, mastodon.text(paged))
    assert [words for *_, words in server.media] == [ANNOUNCEMENT.alt, "INT. LOBBY"]
    assert server.statuses[0]["media_ids"] == ["9", "10"]
