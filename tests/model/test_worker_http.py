"""The worker's door over a real socket: statuses, limits, a line that is full, readers that leave."""

import asyncio
import logging
from collections.abc import AsyncGenerator

import httpx
import pytest
from pydantic import SecretStr

from model import wire
from model.briefs import DialogBrief, ScriptBrief
from model.client import WorkerClient
from model.engine import EngineFailedError, EngineUnauthorizedError, LineFullError, Queued, generate
from model.engines import NoRoomError, NotFiniteError
from model.fake import FakeDecoder, fake_engine
from model.originality import TitleIndex
from model.server import MAX_BODY
from model.tasks import Prompt
from model.writer import Writer
from tests.model.loopback import running

BRIEF = ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")
BODY = wire.brief_to_json(BRIEF)


def writer(decoder: FakeDecoder) -> Writer:
    return Writer(decoder, TitleIndex.of([]))


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    async with (
        running(fake_engine(), token="secret") as address,
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
    ):
        yield client


AUTHORISED = {"Authorization": "Bearer secret"}


async def test_it_says_that_it_lives_and_is_ready_without_a_token(http: httpx.AsyncClient) -> None:
    assert [(await http.get(path)).status_code for path in ("/livez", "/readyz", "/openapi.json")] == [200, 200, 200]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer secre", "Bearer secretü", "Basic secret", "secret"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/drafts"),
        ("GET", "/v1/status"),
        ("GET", "/v1/adapters"),
        ("POST", "/v1/adapters/activate"),
        ("POST", "/v1/adapters/rollback"),
    ],
)
async def test_a_wrong_token_is_refused(http: httpx.AsyncClient, method: str, path: str, header: str) -> None:
    answer = await http.request(method, path, content=BODY, headers=[(b"Authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b" " * (MAX_BODY + 1), 413, "too_large"),
        (b"no json", 422, "bad_brief"),
        (b'{"task": "pitch", "genre": "comedy", "theme": "<|end|>"}', 422, "bad_brief"),
    ],
)
async def test_a_bad_body_is_refused(http: httpx.AsyncClient, content: bytes, status: int, code: str) -> None:
    answer = await http.post("/v1/drafts", content=content, headers=AUTHORISED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/poems", 404), ("GET", "/v1/drafts", 405)])
async def test_no_such_door_is_said_in_json(http: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await http.request(method, path, headers=AUTHORISED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "not_found")


async def test_events_are_named_and_stand_on_one_line_each(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/drafts", content=BODY, headers=AUTHORISED)
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = [frame.split("\n") for frame in answer.text.strip().split("\n\n")]
    assert {name for name, _ in frames} == {"event: text", "event: draft", "event: finished"}
    assert frames[-1][0] == "event: finished"


async def test_status_tells_model_and_line(http: httpx.AsyncClient) -> None:
    status = (await http.get("/v1/status", headers=AUTHORISED)).json()
    assert status.pop("uptime") >= 0
    assert status.pop("instance")
    assert (status.pop("adapter"), status.pop("adapters")) == (None, [])
    assert (status.pop("at_once"), status.pop("rows"), status.pop("tokens")) == (1, 0, 0)
    assert status == {"model": "fake", "ready": True, "waiting": 0, "working": 0, "capacity": 32}


async def test_the_client_says_unauthorized() -> None:
    async with running(fake_engine(), token="secret") as address:
        for token in (None, SecretStr("wrong")):
            async with WorkerClient(address, token) as client:
                with pytest.raises(EngineUnauthorizedError):
                    await generate(client, BRIEF)
                with pytest.raises(EngineUnauthorizedError):
                    await client.status()


async def test_a_full_line_is_a_status_with_a_time_to_come_back() -> None:
    decoder = FakeDecoder(gate=asyncio.Semaphore(3).acquire)
    async with running(writer(decoder), capacity=1) as address, WorkerClient(address, None) as client:
        working, waiting = client.stream(BRIEF), client.stream(BRIEF)
        await anext(working)
        assert await anext(waiting) == Queued(1)
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            answer = await http.post("/v1/drafts", content=BODY)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) == answer.json()["error"]["retry_after"] >= 1
        with pytest.raises(LineFullError) as caught:
            await generate(client, BRIEF)
        assert caught.value.retry_after >= 1
        status = await client.status()
        assert (status.waiting, status.working) == (1, 1)
        await waiting.aclose()
        await working.aclose()


async def test_an_unexpected_error_gives_a_reference_that_the_log_knows(caplog: pytest.LogCaptureFixture) -> None:
    def write(_prompt: Prompt, _seed: int) -> str:
        raise ZeroDivisionError

    async with running(writer(FakeDecoder(write))) as address, WorkerClient(address, None) as client:
        with caplog.at_level(logging.ERROR), pytest.raises(EngineFailedError) as caught:
            await generate(client, BRIEF)
    record = next(record for record in caplog.records if caught.value.reference in record.getMessage())
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


async def test_scores_that_are_no_numbers_are_a_failure_in_the_log_not_an_absent_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def write(_prompt: Prompt, _seed: int) -> str:
        raise NotFiniteError

    async with running(writer(FakeDecoder(write))) as address, WorkerClient(address, None) as client:
        with pytest.raises(EngineFailedError) as caught:
            await generate(client, BRIEF)
    assert caught.value.reference in caplog.text


async def test_a_token_no_header_can_carry_is_a_wrong_token() -> None:
    async with running(fake_engine(), token="secret") as address, WorkerClient(address, SecretStr("sécret")) as client:
        with pytest.raises(EngineUnauthorizedError):
            await generate(client, BRIEF)


async def test_a_reader_who_waits_in_line_and_leaves_frees_the_place() -> None:
    steps = asyncio.Semaphore(3)
    async with (
        running(writer(FakeDecoder(gate=steps.acquire)), capacity=1) as address,
        WorkerClient(address, None) as client,
    ):
        working, waiting = client.stream(BRIEF), client.stream(BRIEF)
        await anext(working)
        await anext(waiting)
        await waiting.aclose()
        async with asyncio.timeout(10):
            while (await client.status()).waiting:
                pass
        assert (await client.status()).working == 1
        await working.aclose()


async def test_a_slow_reader_holds_nobody_up() -> None:
    def write(_prompt: Prompt, seed: int) -> str:
        return "ANNA: " + "so " * 300 + str(seed)

    async with running(writer(FakeDecoder(write))) as address, WorkerClient(address, None) as client:
        slow = client.stream(DialogBrief(title="Pepper", summary="Two brothers."))
        await anext(slow)
        assert await generate(client, DialogBrief(title="Salt", summary="Two sisters."))
        await slow.aclose()


async def test_many_readers_each_get_their_own_answer() -> None:
    async with running(fake_engine()) as address, WorkerClient(address, None) as client:
        briefs = [ScriptBrief(title="Salt", summary="Two sisters.", seed=seed) for seed in range(12)]
        over_http = await asyncio.gather(*(generate(client, brief) for brief in briefs))
    assert over_http == [await generate(fake_engine(), brief) for brief in briefs]


async def test_no_web_page_talks_with_a_worker_that_has_no_token() -> None:
    async with running(fake_engine()) as address, httpx.AsyncClient(base_url=address) as http:
        for path in ("/v1/drafts", "/v1/adapters/activate", "/v1/adapters/rollback"):
            answer = await http.post(path, headers={"Origin": "http://evil.example"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "unauthorized")


async def test_that_the_memory_does_not_suffice_is_told_as_such() -> None:
    def write(_prompt: Prompt, _seed: int) -> str:
        raise NoRoomError

    async with running(writer(FakeDecoder(write))) as address, WorkerClient(address, None) as client:
        with pytest.raises(NoRoomError):
            await generate(client, BRIEF)
