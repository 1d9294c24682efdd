import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from model.checkpoint import BrokenCheckpointError
from model.decoder import Halt, Sampling
from model.engine import (
    EngineError,
    EngineFailedError,
    EngineLostError,
    EngineUnauthorizedError,
    EngineUnavailableError,
    LineFullError,
)
from model.engines import ServerUnusableError
from model.engines.openai_engine import OpenAIDecoder
from model.serve import load_decoder
from model.settings import WorkerSettings
from model.tasks import Span
from tests.model import tiny
from tests.model.completions_contract import GREEDY, PROMPT, CompletionsContract, chunks, texts
from tests.model.completions_double import EXTRAS, Double, Step, serving
from tests.model.completions_model import CONTEXT, LOUD, TinyModel, write_adapter, write_llama

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks by the old name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def tiny_model(folder: Path) -> TinyModel:
    return TinyModel(folder)


@pytest.fixture
def double(tiny_model: TinyModel) -> Double:
    return Double(write=tiny_model.write, load=tiny_model.load, context=CONTEXT)


@pytest.fixture
async def address(double: Double) -> AsyncGenerator[str]:
    async with serving(double) as address:
        yield address


class TestDouble(CompletionsContract):
    """The contract, kept over the double."""


HELD = Sampling(temperature=0.0, max_tokens=300)


@pytest.fixture
async def decoder(address: str, folder: Path) -> AsyncGenerator[OpenAIDecoder]:
    made = await OpenAIDecoder.connect(address, tokenizer=folder)
    yield made
    await made.aclose()


async def test_tokens_that_are_no_text_are_never_let_be_drawn(decoder: OpenAIDecoder, double: Double) -> None:
    await chunks(decoder, [1], GREEDY)
    size, words = len(tiny.tokenizer()) + 3, len(tiny.tokenizer())
    banned = {int(token) for token, bias in double.bodies[-1]["logit_bias"].items() if bias == -100}
    assert banned == {LOUD, *range(words, size)}


async def test_what_a_member_writes_is_no_control_token(decoder: OpenAIDecoder, double: Double) -> None:
    _ = [chunk async for chunk in decoder.decode((Span(tiny.END, foreign=True),), [1], GREEDY, Halt())]
    assert 0 not in double.bodies[-1]["prompt"]


async def test_one_request_a_line_reads_what_the_line_before_it_wrote(decoder: OpenAIDecoder, double: Double) -> None:
    rules = ['start: "a\\n"\n', 'start: "b"\n']
    before = len(double.bodies)
    await chunks(decoder, [5], Sampling(max_tokens=60, grammar=lambda written: rules[bool(written)]))
    first, second = double.bodies[before:]
    assert first["prompt"] == second["prompt"][: len(first["prompt"])]
    assert tiny.tokenizer().decode(second["prompt"][len(first["prompt"]) :]) == "a\n"
    assert first["seed"] == 5 != second["seed"]


async def test_a_server_without_extras_writes_rows_that_are_free(
    double: Double, address: str, folder: Path, decoder: OpenAIDecoder
) -> None:
    (free,) = await texts(decoder, [1], GREEDY)
    double.knows_extras = False
    plain = await OpenAIDecoder.connect(address, tokenizer=folder)
    held = Sampling(temperature=0.0, max_tokens=40, min_p=0.1, grammar=lambda _written: 'start: "a"\n')
    told = await chunks(plain, [1], held)
    assert "".join(chunk.text for chunk in told) == free
    assert not EXTRAS & double.bodies[-1].keys()
    assert (told[-1].end, sum(chunk.tokens for chunk in told)) == ("length", 40)
    await plain.aclose()


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Response(status_code=401), EngineUnauthorizedError),
        (Response(status_code=429, headers={"Retry-After": "7"}), LineFullError),
        (Response(status_code=503), EngineUnavailableError),
        (Response(status_code=500), EngineFailedError),
        (Response("<html>", media_type="text/html"), EngineFailedError),
        (Response("data: nonsense\n\n", media_type="text/event-stream"), EngineFailedError),
        (Response('data: {"choices": 3}\n\n', media_type="text/event-stream"), EngineFailedError),
        (
            Response('data: {"error": {"message": "out of memory"}}\n\n', media_type="text/event-stream"),
            EngineFailedError,
        ),
        (
            Response('data: {"choices": [{"text": "", "finish_reason": "abort"}]}\n\n', media_type="text/event-stream"),
            EngineFailedError,
        ),
        (Response("data: [DONE]\n\n", media_type="text/event-stream"), EngineLostError),
        (Response("", media_type="text/event-stream"), EngineLostError),
    ],
    ids=["401", "429", "503", "500", "page", "nonsense", "shape", "error", "abort", "nothing", "empty"],
)
async def test_every_trouble_has_its_error_and_passes(
    decoder: OpenAIDecoder, double: Double, trouble: Response, error: type[EngineError]
) -> None:
    double.troubles.append(trouble)
    with pytest.raises(error) as caught:
        await chunks(decoder, [1], GREEDY)
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after", 7) == 7
    assert await chunks(decoder, [1], GREEDY)


async def test_one_row_in_trouble_ends_the_call_and_every_connection(decoder: OpenAIDecoder, double: Double) -> None:
    double.troubles.append(Response(status_code=500))
    with pytest.raises(EngineFailedError):
        await chunks(decoder, [1, 2, 3], HELD)
    await double.reached(0)


async def test_a_connection_that_breaks_in_the_middle_is_lost(decoder: OpenAIDecoder, double: Double) -> None:
    double.breaks_after = 3
    with pytest.raises(EngineLostError):
        await chunks(decoder, [1], GREEDY)


async def test_where_nobody_listens_the_engine_is_unavailable(folder: Path, double: Double) -> None:
    async with serving(double) as address:
        decoder = await OpenAIDecoder.connect(address, tokenizer=folder)
    with pytest.raises(EngineUnavailableError):
        await chunks(decoder, [1], GREEDY)
    assert await decoder.waiting() is None
    with pytest.raises(ServerUnusableError, match="does not answer"):
        await OpenAIDecoder.connect(address, tokenizer=folder)
    await decoder.aclose()


async def test_a_token_is_said_and_a_wrong_one_stops_the_start(folder: Path, double: Double, address: str) -> None:
    double.token = "secret"
    decoder = await OpenAIDecoder.connect(address, tokenizer=folder, token=SecretStr("secret"))
    assert await chunks(decoder, [1], GREEDY)
    await decoder.aclose()
    with pytest.raises(ServerUnusableError, match="refuses the token"):
        await OpenAIDecoder.connect(address, tokenizer=folder, token=SecretStr("other"))


async def test_a_server_that_gives_no_probabilities_stops_the_start(folder: Path) -> None:
    async def silent(_body: dict[str, Any]) -> AsyncGenerator[Step]:
        yield Step(text="a")

    double = Double(write=silent, context=CONTEXT, tells_likely=False)
    async with serving(double) as address:
        with pytest.raises(ServerUnusableError, match="no log-probabilities"):
            await OpenAIDecoder.connect(address, tokenizer=folder)


async def test_a_server_that_holds_nobody_to_a_grammar_is_found_out(folder: Path) -> None:
    async def careless(_body: dict[str, Any]) -> AsyncGenerator[Step]:
        yield Step(text="x", ids=(90,), likely=-1.0, end="length")

    async with serving(Double(write=careless, context=CONTEXT)) as address:
        decoder = await OpenAIDecoder.connect(address, tokenizer=folder)
    assert not decoder._manners.can.grammar
    assert decoder._manners.can.ids
    await decoder.aclose()


async def test_a_folder_without_a_tokenizer_stops_the_start(tmp_path: Path, address: str) -> None:
    with pytest.raises(BrokenCheckpointError, match="no tokenizer"):
        await OpenAIDecoder.connect(address, tokenizer=tmp_path)


async def test_a_call_goes_whole_to_the_server_that_has_least_to_do(
    folder: Path, double: Double, address: str, tiny_model: TinyModel
) -> None:
    second = Double(write=tiny_model.write, context=CONTEXT)
    async with serving(second) as other:
        decoder = await OpenAIDecoder.connect(address, other, tokenizer=folder)
        double.bodies.clear()
        second.bodies.clear()
        async with aclosing(decoder.decode(PROMPT, [1, 2, 3], HELD, Halt())) as stream:
            await anext(stream)
            await chunks(decoder, [4, 5], GREEDY)
        assert sorted([len(double.bodies), len(second.bodies)]) == [2, 3]
        await decoder.aclose()


async def test_when_one_server_is_away_the_other_writes(
    folder: Path, double: Double, address: str, tiny_model: TinyModel
) -> None:
    async with serving(Double(write=tiny_model.write, context=CONTEXT)) as other:
        decoder = await OpenAIDecoder.connect(other, address, tokenizer=folder)
        whole = await texts(decoder, [1, 2], GREEDY)
    before = len(double.bodies)
    assert await texts(decoder, [1, 2], GREEDY) == whole
    assert len(double.bodies) == before + 2
    await decoder.aclose()


async def test_an_adapter_that_one_server_refuses_is_kept_by_none(
    folder: Path, double: Double, address: str, tiny_model: TinyModel, tmp_path: Path
) -> None:
    async with serving(Double(write=tiny_model.write, context=CONTEXT)) as fixed:
        decoder = await OpenAIDecoder.connect(address, fixed, tokenizer=folder)
        with pytest.raises(BrokenCheckpointError, match="loads no adapters while it runs"):
            await decoder.load_adapter(write_adapter(folder, tmp_path / "one", 1))
        await decoder.aclose()
    assert double.adapters == {}


@pytest.mark.parametrize(("waiting", "place"), [(None, None), (0, 0), (2, 1), (9, 8)])
async def test_the_place_counts_our_calls_and_the_requests_of_others(
    decoder: OpenAIDecoder, double: Double, tiny_model: TinyModel, waiting: int | None, place: int | None
) -> None:
    double.waiting = waiting
    double.write = Held(tiny_model).write
    call = asyncio.ensure_future(chunks(decoder, [1, 2], GREEDY))
    await double.reached(2)
    assert await decoder.waiting() == place
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


async def test_the_settings_lead_to_the_server(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path, tiny_model: TinyModel
) -> None:
    (tmp_path / "token").write_text("secret\n")
    double = Double(write=tiny_model.write, load=tiny_model.load, context=CONTEXT, token="secret")
    async with serving(double) as address:
        monkeypatch.setenv("GREENLIT_WORKER_OPENAI_URL", f"{address}/, {address}")
        monkeypatch.setenv("GREENLIT_WORKER_OPENAI_TOKEN_FILE", str(tmp_path / "token"))
        settings = WorkerSettings(model=str(folder), adapter=write_adapter(folder, tmp_path / "one", 1))
        assert settings.openai_urls == (address, address)
        decoder = await asyncio.to_thread(load_decoder, settings)  # another event loop than ours
        assert decoder.name == "tiny+one"
        assert await chunks(decoder, [1], GREEDY)
        assert isinstance(decoder, OpenAIDecoder)
        await decoder.aclose()


@pytest.mark.parametrize("url", ["server:8000", "ftp://server", "http://me:secret@server", "http://a,,"])
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="openai_url"):
        WorkerSettings(openai_url=url)


class Held:
    """A model that writes nothing before it may ``go``."""

    def __init__(self, model: TinyModel) -> None:
        self._model, self.go = model, asyncio.Event()

    async def write(self, body: dict[str, Any]) -> AsyncGenerator[Step]:
        await self.go.wait()
        async with aclosing(self._model.write(body)) as steps:
            async for step in steps:
                yield step
