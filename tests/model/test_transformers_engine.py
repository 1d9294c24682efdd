import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from model import checkpoint, tasks
from model.briefs import DialogBrief, PitchBrief, genre, theme
from model.checkpoint import BrokenCheckpointError
from model.decoder import Chunk, Halt, Sampling
from model.drafts import DialogDraft
from model.engine import Drafted, Finished, NothingOriginalError, generate
from model.engines import NotFiniteError, PromptTooLongError, QuantizationUnavailableError
from model.engines.transformers_engine import TransformersDecoder
from model.originality import TitleIndex
from model.tasks import Span
from model.writer import Writer
from tests.model import tiny

KINDS = ["llama", "gpt2", "gptj"]
PROMPT = (Span("GENRE: "), Span("drama", foreign=True), Span("\nTITLE:"))
FREE = Sampling(temperature=1.0, top_p=0.95, max_tokens=24)
GREEDY = Sampling(temperature=0.0, max_tokens=24)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: tiny.write(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
async def decoder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> AsyncGenerator[TransformersDecoder]:
    made = TransformersDecoder.load(folders[request.param], threads=1)
    yield made
    made.close()


@pytest.fixture
async def llama(folders: dict[str, Path]) -> AsyncGenerator[TransformersDecoder]:
    made = TransformersDecoder.load(folders["llama"], threads=1)
    yield made
    made.close()


class StepByStep:
    """Holds the decoder before its first step until it is opened, and counts the rows of every step."""

    def __init__(self, decoder: TransformersDecoder) -> None:
        self._opened = threading.Event()
        self._step = decoder.runner.step
        self.sizes: list[int] = []
        decoder.runner.step = self._held  # type: ignore[method-assign]

    def open(self) -> None:
        self._opened.set()

    def _held(self, seats: Sequence[Any], tokens: Sequence[int]) -> torch.Tensor:
        assert self._opened.wait(20)
        self.sizes.append(len(seats))
        return self._step(seats, tokens)


async def chunks(
    decoder: TransformersDecoder, seeds: Sequence[int], sampling: Sampling, halt: Halt | None = None
) -> list[Chunk]:
    return [chunk async for chunk in decoder.decode(PROMPT, seeds, sampling, halt or Halt())]


async def texts(decoder: TransformersDecoder, seeds: Sequence[int], sampling: Sampling) -> list[str]:
    written = [""] * len(seeds)
    for chunk in await chunks(decoder, seeds, sampling):
        written[chunk.row] += chunk.text
    return written


async def test_greedy_text_is_that_of_the_library(decoder: TransformersDecoder, folders: dict[str, Path]) -> None:
    folder = folders[decoder.name[:-1]]  # pytest numbers the folders
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer(tasks.text(PROMPT), return_tensors="pt").input_ids
    banned = [number for number in range(model.config.vocab_size) if number == 1 or number >= len(tokenizer)]
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=24, do_sample=False, suppress_tokens=banned, eos_token_id=0, pad_token_id=0, use_cache=False
    )
    expected = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)[0, ids.shape[1] :]
    whole = str(tokenizer.decode(expected, skip_special_tokens=True)).rstrip("\ufffd")
    assert await texts(decoder, [0, 1], GREEDY) == [whole] * 2


async def test_a_row_does_not_depend_on_the_others(decoder: TransformersDecoder) -> None:
    together = await texts(decoder, [7, 8, 9], FREE)
    assert len(set(together)) == 3
    for seed, text in zip([7, 8, 9], together, strict=True):
        assert await texts(decoder, [seed], FREE) == [text]


async def test_a_row_does_not_depend_on_others_leaving(decoder: TransformersDecoder) -> None:
    alone = await texts(decoder, [9], FREE)
    halt, written = Halt(), ""
    async for chunk in decoder.decode(PROMPT, [7, 8, 9], FREE, halt):
        halt.rows.add(0)
        if chunk.row == 2:
            written += chunk.text
    assert [written] == alone


async def test_halted_rows_are_not_computed(llama: TransformersDecoder) -> None:
    halt, rows, gate = Halt(), [], StepByStep(llama)
    async for chunk in llama.decode(PROMPT, [1, 2, 3], GREEDY, halt):
        rows.append(chunk.row)
        if len(rows) == 3:
            halt.rows |= {0, 2}
            gate.open()
    assert sorted(rows[:3]) == [0, 1, 2]
    assert set(rows[6:]) == {1}
    assert set(gate.sizes[1:]) == {1}  # the first step may have begun
    assert sum(gate.sizes) - (len(rows) - 3) in {0, 2}  # what it brought for the other two nobody sees


async def test_every_row_says_why_it_ended(decoder: TransformersDecoder) -> None:
    ends = [chunk for chunk in await chunks(decoder, [1, 2, 3, 4], FREE) if chunk.end]
    assert sorted(chunk.row for chunk in ends) == [0, 1, 2, 3]
    assert sum(chunk.tokens for chunk in await chunks(decoder, [1], GREEDY)) <= GREEDY.max_tokens


async def test_any_of_several_end_tokens_ends_a_row_and_is_no_text(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, "llama")
    plain = TransformersDecoder.load(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    whole = (await texts(plain, [3], FREE))[0]
    plain.close()
    ends = [0, *tokenizer.encode(whole, add_special_tokens=False)[4:6]]
    GenerationConfig(eos_token_id=ends).save_pretrained(folder)  # type: ignore[no-untyped-call]
    stopping = TransformersDecoder.load(folder)
    last = (written := await chunks(stopping, [3], FREE))[-1]
    stopping.close()
    assert (last.end, last.text) == ("stop", "")
    assert len(written) <= 7
    assert whole.startswith("".join(chunk.text for chunk in written))


async def test_control_tokens_and_filling_rows_are_never_drawn(decoder: TransformersDecoder) -> None:
    words = len(tiny.tokenizer())
    never = [number == 1 or number >= words for number in range(words + 3)]
    assert torch.isinf(decoder._language.banned).tolist() == never


async def test_a_prompt_that_leaves_little_room_is_written_shorter(llama: TransformersDecoder) -> None:
    prompt = (Span("a " * 40),)
    long = [chunk async for chunk in llama.decode(prompt, [1], Sampling(temperature=0, max_tokens=400), Halt())]
    assert len(long) <= tiny.CONTEXT - 40
    assert long[-1].end


async def test_a_prompt_without_room_is_refused_with_its_length(llama: TransformersDecoder) -> None:
    with pytest.raises(PromptTooLongError) as caught:
        _ = [chunk async for chunk in llama.decode((Span("雪" * 200),), [1], FREE, Halt())]
    assert caught.value.limit == tiny.CONTEXT - 1
    assert caught.value.length > tiny.CONTEXT


async def test_no_rows_are_no_work(llama: TransformersDecoder) -> None:
    assert await chunks(llama, [], FREE) == []


async def test_scores_that_are_no_numbers_end_the_call_and_nothing_else(llama: TransformersDecoder) -> None:
    weight: Any = llama.weights.get_input_embeddings().weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(torch.nan)
    with pytest.raises(NotFiniteError):
        await chunks(llama, [1], FREE)
    with torch.no_grad():
        weight.copy_(kept)
    assert await chunks(llama, [1], FREE)


async def test_the_event_loop_runs_while_the_model_computes(llama: TransformersDecoder) -> None:
    gate = StepByStep(llama)
    async with aclosing(llama.decode(PROMPT, [1], FREE, Halt())) as stream:
        await anext(stream)  # drawn from what the prompt says
        second = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        gate.open()  # were the event loop blocked, nobody would
        assert (await second).row == 0


async def test_closing_stops_at_the_next_step_and_leaves_the_decoder_usable(llama: TransformersDecoder) -> None:
    gate = StepByStep(llama)
    async with aclosing(llama.decode(PROMPT, [1, 2], GREEDY, Halt())) as stream:
        await anext(stream)
    gate.open()
    assert await chunks(llama, [1], GREEDY)
    assert gate.sizes[0] in {1, 2}  # the step that had begun; all others are of the second call
    assert set(gate.sizes[1:]) == {1}


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers for it
async def test_an_adapter_changes_the_text_and_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(folders["gptj"])
    adapted = get_peft_model(
        base, LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    )
    adapted.save_pretrained(str(tmp_path / "community"))
    checkpoint.write(tmp_path / "community", "community-1")
    plain = TransformersDecoder.load(folders["gptj"])
    tuned = TransformersDecoder.load(folders["gptj"], adapter=tmp_path / "community")
    assert tuned.name == f"{plain.name}+community-1"
    assert await texts(tuned, [1], FREE) != await texts(plain, [1], FREE)
    plain.close()
    tuned.close()


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers for it
@pytest.mark.filterwarnings("ignore:Found missing adapter keys:UserWarning")  # peft would go on without them
@pytest.mark.parametrize(
    ("kind", "targets", "hidden"), [("gpt2", ["c_attn"], 32), ("gptj", ["q_proj"], 32), ("llama", ["q_proj"], 64)]
)
def test_an_adapter_of_another_model_is_refused_by_its_own_name(
    folders: dict[str, Path], tmp_path: Path, kind: str, targets: list[str], hidden: int
) -> None:
    lora = LoraConfig(target_modules=targets, fan_in_fan_out=kind == "gpt2", task_type="CAUSAL_LM")
    other = get_peft_model(tiny.model(kind, 303, hidden=hidden), lora)
    other.save_pretrained(str(tmp_path))
    with pytest.raises(BrokenCheckpointError) as caught:
        TransformersDecoder.load(folders["llama"], adapter=tmp_path)
    assert caught.value.path == tmp_path


def test_a_folder_that_lacks_some_of_its_weights_is_refused(tmp_path: Path) -> None:
    config = tiny.write(tmp_path, "llama") / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 4'))
    with pytest.raises(BrokenCheckpointError, match="lacks 18"):
        TransformersDecoder.load(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", "[]"),
        ("config.json", '{"model_type": "llama", "hidden_size": "wide"}'),
        ("tokenizer.json", "{}"),
        ("tokenizer.json", '{"version": "1.0", '),
    ],
)
def test_a_folder_with_a_broken_file_is_a_broken_checkpoint(tmp_path: Path, file: str, content: str) -> None:
    (tiny.write(tmp_path, "llama") / file).write_text(content)
    with pytest.raises(BrokenCheckpointError) as caught:
        TransformersDecoder.load(tmp_path)
    assert caught.value.path == tmp_path


def test_weights_of_another_size_are_a_broken_checkpoint(tmp_path: Path) -> None:
    config = tiny.write(tmp_path, "llama") / "config.json"
    config.write_text(config.read_text().replace('"hidden_size": 32', '"hidden_size": 64'))
    with pytest.raises(BrokenCheckpointError):
        TransformersDecoder.load(tmp_path)


def test_a_truncated_checkpoint_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, "llama")
    checkpoint.write(folder, "nano")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BrokenCheckpointError, match="truncated"):
        TransformersDecoder.load(folder)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine could")
def test_quantized_weights_need_a_gpu(folders: dict[str, Path]) -> None:
    with pytest.raises(QuantizationUnavailableError):
        TransformersDecoder.load(folders["llama"], quantize="8bit")


async def test_a_model_that_finishes_no_pitch_ends_in_nothing_original(llama: TransformersDecoder) -> None:
    writer = Writer(llama, TitleIndex.of([]))
    seen = []

    async def read() -> None:
        async for event in writer.stream(PitchBrief(genre=genre("drama"), theme=theme("sea"), count=1)):
            seen.append(event)  # noqa: PERF401 - what was seen before the error counts

    with pytest.raises(NothingOriginalError):
        await read()
    assert not [event for event in seen if isinstance(event, Drafted | Finished)]


async def test_a_model_that_knows_nothing_still_writes_a_dialog(llama: TransformersDecoder) -> None:
    (draft,) = await generate(Writer(llama, TitleIndex.of([])), DialogBrief(title="a", summary="b"))
    assert isinstance(draft, DialogDraft)
    assert draft.turns


@pytest.mark.parametrize("name", ["/no/such/folder", "./nothing-here"])
def test_a_folder_that_is_not_there_is_said_to_be_missing(name: str) -> None:
    with pytest.raises(BrokenCheckpointError, match="missing"):
        TransformersDecoder.load(name)


def test_weights_cut_short_in_a_folder_without_a_manifest_are_a_broken_checkpoint(tmp_path: Path) -> None:
    tiny.write(tmp_path, "llama")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])
    with pytest.raises(BrokenCheckpointError):
        TransformersDecoder.load(tmp_path)


def test_a_folder_that_holds_no_model_is_a_broken_checkpoint(tmp_path: Path) -> None:
    tiny.write(tmp_path, "llama")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BrokenCheckpointError):
        TransformersDecoder.load(tmp_path)
