import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import date

import pytest
from pydantic import SecretStr

from bot.networks.base import (
    FREE,
    Network,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
)
from bot.networks.webhook import Webhook
from tests.bot.fake_networks import HOOK, FakeReceiver, serving
from tests.bot.fake_x import says
from tests.bot.test_networks_bluesky import ANNOUNCEMENT


@pytest.fixture
def server() -> FakeReceiver:
    return FakeReceiver()


@pytest.fixture
async def host(server: FakeReceiver) -> AsyncIterator[str]:
    async with serving(server) as address:
        yield address


@pytest.fixture
def webhook(host: str) -> Webhook:
    return Webhook(url=SecretStr(f"{host}/hook"), secret=SecretStr("shared"), timeout=0.5)


async def post(network: Network) -> str:
    return await network.post(ANNOUNCEMENT, network.text(ANNOUNCEMENT))


async def test_the_receiver_gets_the_whole_show(server: FakeReceiver, webhook: Webhook) -> None:
    assert await post(webhook) == "greenlit-2026-11-21"
    (body,) = map(json.loads, server.bodies)
    assert base64.b64decode(body["picture"]["base64"]) == ANNOUNCEMENT.picture
    assert (body["event"], body["day"], body["text"]) == ("daily_show", "2026-11-21", webhook.text(ANNOUNCEMENT))
    told = asdict(ANNOUNCEMENT)
    assert {name: body[name] for name in ("title", "summary", "genre", "excerpt")} == {
        name: told[name] for name in ("title", "summary", "genre", "excerpt")
    }


async def test_the_body_is_signed_with_its_moment(server: FakeReceiver, webhook: Webhook) -> None:
    await post(webhook)
    moment, _, signed = server.headers[0]["X-GreenLIT-Signature"].partition(",")
    moment = moment.removeprefix("t=")
    wanted = hmac.new(b"shared", f"{moment}.".encode() + server.bodies[0], hashlib.sha256).hexdigest()
    assert signed == f"v1={wanted}"


async def test_what_is_sent_again_has_the_same_key_and_counts_once(server: FakeReceiver, webhook: Webhook) -> None:
    server.silent = True
    with pytest.raises(NetworkUncertainError):
        await post(webhook)
    assert await webhook.find(ANNOUNCEMENT, "text") is None
    assert await post(webhook) == "greenlit-2026-11-21"
    assert len(server.bodies) == 1
    assert {headers["Idempotency-Key"] for headers in server.headers} == {"greenlit-2026-11-21"}


async def test_another_day_has_another_key(server: FakeReceiver, webhook: Webhook) -> None:
    await post(webhook)
    assert await webhook.post(replace(ANNOUNCEMENT, day=date(2026, 11, 22)), "text") == "greenlit-2026-11-22"
    assert len(server.bodies) == 2


async def test_an_address_that_the_receiver_names_is_kept(server: FakeReceiver, webhook: Webhook) -> None:
    server.answers[HOOK] = says(201, {"url": "https://show.test/1"})
    assert await post(webhook) == "https://show.test/1"
    server.answers[HOOK] = says(200, ["fine"])
    assert await post(webhook) == "greenlit-2026-11-21"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, NetworkUnauthorizedError),
        (403, NetworkRefusedError),
        (410, NetworkRefusedError),
        (429, NetworkBusyError),
        (500, NetworkUncertainError),
        (503, NetworkUncertainError),
    ],
)
async def test_what_the_receiver_says_is_told_apart(
    server: FakeReceiver, webhook: Webhook, status: int, expected: type[Exception]
) -> None:
    server.answers[HOOK] = says(status, "no")
    with pytest.raises(expected):
        await post(webhook)


def test_any_length_is_fine_and_nothing_secret_is_shown(webhook: Webhook) -> None:
    measured = webhook.measure(webhook.text(replace(ANNOUNCEMENT, summary="word " * 999)))
    assert (measured.limit, measured.cost, measured.length > 4000) == (None, FREE, True)
    assert webhook.account == "127.0.0.1"
    assert replace(webhook, label="second").account == "127.0.0.1/second"
    assert not {"hook'", "shared"} & set(repr(webhook).split("/"))


async def test_a_script_page_is_sent_along(server: FakeReceiver, webhook: Webhook) -> None:
    paged = replace(ANNOUNCEMENT, page=b"page", page_alt="INT. LOBBY")
    await webhook.post(paged, webhook.text(paged))
    (body,) = map(json.loads, server.bodies)
    assert (base64.b64decode(body["page"]["base64"]), body["page"]["alt"]) == (b"page", "INT. LOBBY")
