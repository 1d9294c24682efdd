"""The page on which a model goes on from what somebody typed, over HTTP."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from bot.web.story import MAX_TEXT, story_app
from model.continuation import Continuation
from model.decoder import Decoder
from model.engine import EngineLostError
from model.fake import FakeDecoder

STATIC = Path(__file__).parents[2] / "bot" / "web" / "static"


def browser(decoder: Decoder | None = None, *, defaults: Continuation | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(
        story_app(decoder or FakeDecoder(["fog came. "]), defaults=defaults), raise_app_exceptions=False
    )
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8577")


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_page_needs_nothing_from_elsewhere_and_has_no_script_inside() -> None:
    async with browser() as page:
        answer = await page.get("/")
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        links = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        assert {link[0] for link in links} == {"/"}
        assert {(await page.get(link)).status_code for link in links} == {200}
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", answer.text)
    assert "innerHTML" not in (STATIC / "story.js").read_text()


async def test_members_and_models_words_differ_by_more_than_colour() -> None:
    css = (STATIC / "story.css").read_text()
    assert re.search(r"\.yours \{[^}]*#000", css)
    assert re.search(r"\.models \{[^}]*#b00020[^}]*underline", css)
    async with browser() as page:
        assert "the model's words" in (await page.get("/")).text


async def test_the_page_offers_what_the_command_was_told_and_escapes_the_models_name() -> None:
    fake = FakeDecoder(name="<b>nano</b>")
    async with browser(fake, defaults=Continuation(temperature=1.3, length=77)) as page:
        shown = (await page.get("/")).text
    assert 'value="1.3"' in shown
    assert 'value="77"' in shown
    assert "<b>nano" not in shown


async def test_a_text_is_gone_on_with_piece_by_piece_under_its_seed() -> None:
    async with browser() as page:
        said = lines(await page.post("/write", json={"text": "At night the", "seed": 5, "length": 50}))
    assert said[0] == {"seed": 5}
    assert len(said) > 2
    assert "".join(row.get("text", "") for row in said) == "fog came. "
    assert [row["end"] for row in said if "end" in row] == ["stop"]


async def test_without_a_seed_each_answer_has_a_new_one_that_brings_it_again() -> None:
    async with browser(FakeDecoder()) as page:
        first, second = [lines(await page.post("/write", json={"text": "x"})) for _ in range(2)]
        assert first[0] != second[0]
        assert lines(await page.post("/write", json={"text": "x", **first[0]})) == first


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"text": "x" * (MAX_TEXT + 1)}, {"text": "x", "length": 0}, {"text": "x", "length": 1001},
        {"text": "x", "temperature": 9}, {"text": "x", "seed": -1}, {"text": "x", "strange": 1}, [], {"text": None},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_one_sentence(wrong: object) -> None:
    fake = FakeDecoder()
    async with browser(fake) as page:
        answer = await page.post("/write", json=wrong)
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")
    assert fake.steps == 0


async def test_no_other_page_or_name_reaches_the_model() -> None:
    fake = FakeDecoder()
    async with browser(fake) as page:
        strangers = [
            await page.post("/write", json={"text": "x"}, headers={"origin": "http://evil.example"}),
            await page.post("/write", json={"text": "x"}, headers={"sec-fetch-site": "cross-site"}),
            await page.post("/write", json={"text": "x"}, headers={"host": "evil.example"}),
            await page.get("/", headers={"host": "evil.example"}),
        ]
        far_too_long = await page.post("/write", content=b"x" * 70_000)
    assert [answer.status_code for answer in strangers] == [403, 403, 400, 400]
    assert far_too_long.status_code == 413
    assert fake.steps == 0


async def test_what_is_not_there_is_one_sentence() -> None:
    async with browser() as page:
        answer = await page.get("/nothing")
        wrong_way = await page.get("/write")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found."})
    assert wrong_way.status_code == 405


async def test_a_model_that_fails_midway_is_told_in_the_last_line() -> None:
    async def fail() -> None:
        raise EngineLostError

    async with browser(FakeDecoder(gate=fail)) as page:
        said = lines(await page.post("/write", json={"text": "x"}))
    assert said[-1]["error"].startswith("The writer was interrupted")


async def test_a_reader_who_leaves_stops_the_writing() -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def gate() -> None:
        if fake.steps == 1:
            begun.set()
            await never.wait()

    fake = FakeDecoder(["a b c d"], gate=gate)
    site = story_app(fake)
    body = json.dumps({"text": "x"}).encode()
    came: AsyncGenerator[Message] = _visit(body, begun)
    scope = {
        "type": "http", "method": "POST", "path": "/write", "raw_path": b"/write", "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")], "http_version": "1.1",
        "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": "",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
    }  # fmt: skip

    async def send(_: Message) -> None:
        return

    await asyncio.wait_for(site(scope, lambda: anext(came), send), 20)
    await asyncio.wait_for(fake.closed.wait(), 20)
    assert fake.steps == 1


async def _visit(body: bytes, begun: asyncio.Event) -> AsyncGenerator[Message]:
    yield {"type": "http.request", "body": body, "more_body": False}
    await begun.wait()
    yield {"type": "http.disconnect"}
