import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
import torch

from model import checkpoint, tasks
from model.checkpoint import BrokenCheckpointError, FormatMismatchError
from model.decoder import Chunk, Decoder, Halt, Sampling
from model.engines import NotFiniteError, lstm_network
from model.engines.lstm_engine import LstmDecoder
from model.engines.lstm_network import END_ID, UNKNOWN_ID, Network, Vocabulary, split
from model.tasks import Span

WORDS = ["GENRE", "TITLE", "SUMMARY", ":", "\n", " drama", " Salt", " and", " the", " sea", " lives", ".", " She", "'s"]
PROMPT = (Span("GENRE: "), Span("drama", foreign=True), Span("\nTITLE:"))
FREE = Sampling(temperature=1.0, top_p=0.95, max_tokens=24)
GREEDY = Sampling(temperature=0.0, max_tokens=24)


def network() -> Network:
    torch.manual_seed(5)
    return Network(words=len(WORDS) + 2, embedding=6, hidden=12, layers=3, dropout=0.3)


def write(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lstm_network.save(folder, network().state_dict(), Vocabulary(WORDS))
    checkpoint.write(folder, "nano-lstm")
    return folder


@pytest.fixture
async def decoder(tmp_path: Path) -> AsyncGenerator[LstmDecoder]:
    made = LstmDecoder.load(write(tmp_path / "nano"), threads=1)
    yield made
    made.close()


async def chunks(decoder: Decoder, seeds: Sequence[int], sampling: Sampling, halt: Halt | None = None) -> list[Chunk]:
    return [chunk async for chunk in decoder.decode(PROMPT, seeds, sampling, halt or Halt())]


async def texts(decoder: Decoder, seeds: Sequence[int], sampling: Sampling) -> list[str]:
    written = [""] * len(seeds)
    for chunk in await chunks(decoder, seeds, sampling):
        written[chunk.row] += chunk.text
    return written


async def test_greedy_text_is_the_best_token_after_the_whole_text_so_far(decoder: LstmDecoder) -> None:
    vocabulary, model = Vocabulary(WORDS), network().eval()
    ids = [END_ID, *vocabulary.ids(split(tasks.text(PROMPT)))]
    begun = len(ids)
    while len(ids) < begun + GREEDY.max_tokens and (ids[-1] != END_ID or len(ids) == begun):
        hidden, _ = model(torch.tensor([ids]))
        scores = model.out(hidden[0, -1])
        scores[UNKNOWN_ID] = -torch.inf
        ids.append(int(scores.argmax()))
    whole = "".join(vocabulary.words[number] for number in ids[begun:] if number != END_ID)
    assert await texts(decoder, [0, 1], GREEDY) == [whole] * 2


async def test_a_row_does_not_depend_on_the_others(decoder: LstmDecoder) -> None:
    together = await texts(decoder, [7, 8, 9], FREE)
    assert len(set(together)) == 3
    for seed, text in zip([7, 8, 9], together, strict=True):
        assert await texts(decoder, [seed], FREE) == [text]


async def test_a_row_does_not_depend_on_others_leaving(decoder: LstmDecoder) -> None:
    alone = await texts(decoder, [9], FREE)
    halt, written = Halt(), ""
    async for chunk in decoder.decode(PROMPT, [7, 8, 9], FREE, halt):
        halt.rows.add(0)
        if chunk.row == 2:
            written += chunk.text
    assert [written] == alone


async def test_halted_rows_are_not_computed(decoder: LstmDecoder) -> None:
    halt, seen = Halt(), []
    async for chunk in decoder.decode(PROMPT, [1, 2, 3], GREEDY, halt):
        seen.append(chunk.row)
        halt.rows |= {0, 2}
    assert sorted(seen[:3]) == [0, 1, 2]
    assert set(seen[3:]) <= {1}


async def test_every_row_says_why_it_ended(decoder: LstmDecoder) -> None:
    every = await chunks(decoder, range(40), FREE)
    ends = {chunk.row: chunk for chunk in every if chunk.end}
    assert sorted(ends) == list(range(40))
    assert {chunk.end for chunk in ends.values()} == {"stop", "length"}
    assert all(chunk.text == "" for chunk in ends.values() if chunk.end == "stop")
    for row, end in ends.items():
        tokens = sum(chunk.tokens for chunk in every if chunk.row == row)
        assert tokens == FREE.max_tokens if end.end == "length" else tokens <= FREE.max_tokens


async def test_the_unknown_word_is_read_but_never_written(decoder: LstmDecoder) -> None:
    with torch.no_grad():
        decoder._network.out.bias[UNKNOWN_ID] = 50
    strange = (Span("雪 quokka"),)
    written = [chunk.text async for chunk in decoder.decode(strange, [1, 2, 3], FREE, Halt())]
    assert "".join(written)
    assert "<" not in "".join(written)


async def test_only_the_best_k_are_drawn(decoder: LstmDecoder) -> None:
    narrow = Sampling(temperature=9.0, top_p=1.0, top_k=1, max_tokens=24)
    assert await texts(decoder, [1, 2], narrow) == await texts(decoder, [3, 4], GREEDY)
    wide = Sampling(temperature=9.0, top_p=1.0, top_k=3, max_tokens=24)
    assert len(set(await texts(decoder, [1, 2, 3], wide))) == 3


async def test_a_prompt_of_any_length_is_read(decoder: LstmDecoder) -> None:
    long = (Span("GENRE: drama\n" * 500),)
    assert [chunk async for chunk in decoder.decode(long, [1], GREEDY, Halt())]


async def test_no_rows_are_no_work(decoder: LstmDecoder) -> None:
    assert await chunks(decoder, [], FREE) == []


async def test_scores_that_are_no_numbers_end_the_call_and_nothing_else(decoder: LstmDecoder) -> None:
    weight = decoder._network.embedding.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(torch.nan)
    with pytest.raises(NotFiniteError):
        await chunks(decoder, [1], FREE)
    with torch.no_grad():
        weight.copy_(kept)
    assert await chunks(decoder, [1], FREE)


async def test_the_event_loop_runs_while_the_model_computes(decoder: LstmDecoder) -> None:
    from_the_loop = threading.Event()

    def wait(*_: object) -> None:
        assert from_the_loop.wait(20)

    hook = decoder._network.register_forward_pre_hook(wait)
    async with aclosing(decoder.decode(PROMPT, [1], FREE, Halt())) as stream:
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        from_the_loop.set()  # were the loop blocked, nobody would say this
        assert (await first).row == 0
    hook.remove()


async def test_closing_stops_at_the_next_step_and_leaves_the_decoder_usable(decoder: LstmDecoder) -> None:
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    hook = decoder._network.register_forward_pre_hook(count)
    async with aclosing(decoder.decode(PROMPT, [1, 2], GREEDY, Halt())) as stream:
        await anext(stream)
    hook.remove()
    assert steps == 1
    assert await chunks(decoder, [1], GREEDY)


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    words = json.loads((folder / "vocabulary.json").read_text())
    (folder / "vocabulary.json").write_text(json.dumps([*words[1:], "x"]))
    with pytest.raises(BrokenCheckpointError, match="altered"):
        LstmDecoder.load(folder)


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format_version": 99}))
    with pytest.raises(FormatMismatchError):
        LstmDecoder.load(folder)


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpointError, match="missing"):
        LstmDecoder.load(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("vocabulary.json", b"{}"),
        ("vocabulary.json", b"[1, 2]"),
        ("vocabulary.json", b'["a", '),
        ("vocabulary.json", b'["a"]'),
        ("lstm.safetensors", b"no weights"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_broken_checkpoint(tmp_path: Path, file: str, content: bytes) -> None:
    (write(tmp_path) / file).write_bytes(content)
    checkpoint.write(tmp_path, "broken when it was made")
    with pytest.raises(BrokenCheckpointError) as caught:
        LstmDecoder.load(tmp_path)
    assert caught.value.path == tmp_path / file


def test_weights_of_another_kind_are_a_broken_checkpoint(tmp_path: Path) -> None:
    folder = write(tmp_path)
    for weights in ({"wte": torch.zeros(2)}, {**network().state_dict(), "more": torch.zeros(2)}):
        lstm_network.save(folder, weights, Vocabulary(WORDS))
        checkpoint.write(folder, "strange")
        with pytest.raises(BrokenCheckpointError):
            LstmDecoder.load(folder)
