"""Our Bluesky against Bluesky's own server; skipped where Node 22 and `@atproto/pds` are not at hand."""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot.networks.base import DuplicatePostError, NetworkRefusedError, NetworkUnauthorizedError
from bot.networks.bluesky import Bluesky, record_key
from tests.bot.real_pds import HANDLE, PASSWORD, real_pds
from tests.bot.test_networks_bluesky import ANNOUNCEMENT

LONGEST = [
    "word " * 200,
    "👨‍👩‍👧‍👦" * 400,
    "日本語のテキスト" * 100,
    "e\u0301" * 500,
    "🇩🇪🇫🇷" * 300,
    "क्षत्रिय " * 200,
]


async def record(host: str, did: str, collection: str, key: str) -> dict[str, object]:
    asked = {"repo": did, "collection": collection, "rkey": key}
    async with httpx.AsyncClient(base_url=host, trust_env=False) as client:
        answer = await client.get("/xrpc/com.atproto.repo.getRecord", params=asked)
    value: dict[str, object] = answer.json()["value"]
    return value


@pytest.mark.end_to_end
async def test_blueskys_own_server_takes_what_we_send_once_a_day(tmp_path: Path) -> None:
    async with real_pds(tmp_path) as host:
        bluesky = Bluesky(handle=HANDLE, password=SecretStr(PASSWORD), host=host)
        text = bluesky.text(ANNOUNCEMENT)
        assert await bluesky.find(ANNOUNCEMENT, text) is None
        address = await bluesky.post(ANNOUNCEMENT, text)
        assert await bluesky.find(ANNOUNCEMENT, text) == address
        with pytest.raises(DuplicatePostError):
            await bluesky.post(ANNOUNCEMENT, "other words")
        did = address.split("/")[4]
        assert (await record(host, did, "app.bsky.feed.post", record_key(ANNOUNCEMENT.day)))["text"] == text
        labels = (await record(host, did, "app.bsky.actor.profile", "self"))["labels"]
        assert labels == {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]}


@pytest.mark.end_to_end
async def test_blueskys_own_server_counts_as_we_do(tmp_path: Path) -> None:
    async with real_pds(tmp_path) as host:
        bluesky = Bluesky(handle=HANDLE, password=SecretStr(PASSWORD), host=host)
        for number, summary in enumerate(LONGEST, 1):
            show = replace(ANNOUNCEMENT, day=date(2026, 11, number), summary=summary)
            await bluesky.post(show, bluesky.text(show))
        with pytest.raises(NetworkRefusedError, match="300"):
            await bluesky.post(replace(ANNOUNCEMENT, day=date(2026, 11, 30)), "x" * 301)
        with pytest.raises(NetworkUnauthorizedError):
            await replace(bluesky, password=SecretStr("wrong"), _session=type(bluesky._session)()).check()


@pytest.mark.end_to_end
async def test_many_at_once_put_one_post_on_blueskys_own_server(tmp_path: Path) -> None:
    async with real_pds(tmp_path) as host:
        several = [Bluesky(handle=HANDLE, password=SecretStr(PASSWORD), host=host) for _ in range(4)]
        await several[0].check()
        await several[0].post(replace(ANNOUNCEMENT, day=date(2026, 11, 1)), "the label is there")
        posts = (network.post(ANNOUNCEMENT, f"text {number}") for number, network in enumerate(several))
        ended = await asyncio.gather(*posts, return_exceptions=True)
        assert sorted(type(end).__name__ for end in ended) == ["DuplicatePostError"] * 3 + ["str"]
