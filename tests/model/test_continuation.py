"""Any text continued: seeds, batches, marks, and the sliding window."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from model.briefs import BadBriefError, OutOfRangeError
from model.continuation import Continuation, Written, continuations, pieces, seeded
from model.decoder import Decoder
from model.engines.transformers_engine import TransformersDecoder
from model.fake import FakeDecoder
from tests.model import tiny

LONG = 3 * tiny.CONTEXT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("base"), "llama")


@pytest.fixture
async def decoder(folder: Path) -> AsyncGenerator[TransformersDecoder]:
    made = TransformersDecoder.load(folder, threads=1)
    yield made
    made.close()


async def written(decoder: Decoder, asked: Continuation) -> list[Written]:
    return [text async for text in continuations(decoder, asked)]


def wide(**changed: object) -> Continuation:
    settings = {"prefix": "a story", "samples": 5, "length": 20, "temperature": 1.0, "top_p": 1.0, "seed": 7}
    return Continuation(**{**settings, **changed})  # type: ignore[arg-type]


async def test_every_text_has_the_next_seed_and_tells_why_it_ended(decoder: TransformersDecoder) -> None:
    texts = await written(decoder, wide(samples=40, batch=40))
    assert [text.seed for text in texts] == list(range(7, 47))
    assert {text.end for text in texts} == {"stop", "length"}
    assert len({text.text for text in texts}) > 30


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
@pytest.mark.parametrize("length", [20, LONG])
async def test_a_seed_brings_the_same_text_whatever_the_batch(
    batch: int, length: int, decoder: TransformersDecoder
) -> None:
    texts = await written(decoder, wide(batch=batch, length=length))
    alone = await written(decoder, wide(samples=1, seed=9, length=length))
    assert texts[2] == alone[0]


async def test_texts_come_in_the_order_of_their_seeds_though_some_end_earlier() -> None:
    fake = FakeDecoder(lambda _, seed: "word " * (9 - seed % 5))
    texts = await written(fake, Continuation(samples=9, batch=4, seed=0))
    assert [text.seed for text in texts] == list(range(9))
    assert list(fake.asked) == [(0, 1, 2, 3), (4, 5, 6, 7), (8,)]


async def test_without_a_seed_each_call_draws_another_and_tells_it() -> None:
    seeds = {seeded(Continuation()).seed for _ in range(5)}
    assert len(seeds) == 5
    (text,) = await written(FakeDecoder(), Continuation())
    (again,) = await written(FakeDecoder(), Continuation(seed=text.seed))
    assert again == text


@pytest.mark.parametrize(
    ("mark", "text"),
    [("END", "one two "), ("two\nEND", "one "), ("absent", "one two END three EN"), ("EN", "one two "), ("one", "")],
)
async def test_a_text_ends_before_the_mark_also_where_it_comes_in_parts(mark: str, text: str) -> None:
    spelt = "one two\nEND three EN" if "\n" in mark else "one two END three EN"
    fake = FakeDecoder([spelt])
    (found,) = await written(fake, Continuation(prefix="END: ", truncate=mark, include_prefix=False, seed=1))
    assert found == Written(text=text, seed=1, end="stop" if mark == "absent" else "truncate")


async def test_what_may_be_the_beginning_of_the_mark_is_not_shown_early() -> None:
    fake = FakeDecoder(["a b c b c d e"])
    shown = [(piece.text, piece.end) async for piece in pieces(fake, Continuation(truncate=" b c d", seed=1))]
    assert shown == [("a", None), (" b c", None), ("", "truncate")]


async def test_nothing_is_computed_behind_the_mark(decoder: TransformersDecoder) -> None:
    (free,) = await written(decoder, wide(samples=1, length=60, seed=8, include_prefix=False))
    (cut,) = await written(decoder, wide(samples=1, length=4000, seed=8, include_prefix=False, truncate=free.text[5]))
    assert cut.end == "truncate"
    assert free.text.startswith(cut.text)
    assert decoder.computed < 2000  # a thread that nobody stops would write four thousand


async def test_the_beginning_is_given_or_left_out(decoder: TransformersDecoder) -> None:
    (whole,) = await written(decoder, wide(samples=1))
    (bare,) = await written(decoder, wide(samples=1, include_prefix=False))
    assert whole.text == "a story" + bare.text


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gptj"])
async def test_a_text_goes_on_beyond_the_context_from_its_own_last_half(kind: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, kind)
    decoder = TransformersDecoder.load(folder, threads=1)
    (found,) = await written(decoder, wide(samples=1, length=LONG, temperature=0, include_prefix=False))
    decoder.close()
    assert found.text == greedy(folder, "a story", LONG)


@torch.no_grad()
def greedy(folder: Path, prefix: str, length: int) -> str:
    """Write the likeliest tokens the slow way: all that is seen is read anew for each of them."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder)
    words = tiny.tokenizer()
    ids, seen = words.encode(prefix), words.encode(prefix)
    begun = len(ids)
    while len(ids) < begun + length:
        if len(seen) > tiny.CONTEXT:
            seen = ids[-(tiny.CONTEXT // 2) :]
        scores = model(torch.tensor([seen])).logits[0, -1, : len(words)]
        scores[1] = -torch.inf  # a control token
        token = int(scores.argmax())
        if token == 0:
            break
        ids.append(token)
        seen = [*seen, token]
    return str(words.decode(ids[begun:])).rstrip("\ufffd")


async def test_rows_that_slide_together_are_those_that_slide_alone(decoder: TransformersDecoder) -> None:
    together = await written(decoder, wide(length=LONG, samples=8))
    assert any(text.end == "length" for text in together)
    for text in together:
        assert await written(decoder, wide(length=LONG, samples=1, seed=text.seed)) == [text]


async def test_of_a_beginning_that_is_too_long_the_end_is_read(decoder: TransformersDecoder) -> None:
    end = "abcdefghij" * 20
    one, other = [
        (await written(decoder, wide(prefix=start + end, samples=1)))[0].text for start in ("Long ago. ", "Far away. ")
    ]
    assert one.startswith("Long ago. ")
    assert one.removeprefix("Long ago. ") == other.removeprefix("Far away. ")
    assert len(one) > len("Long ago. ") + len(end)


async def test_without_a_beginning_a_text_begins(decoder: TransformersDecoder) -> None:
    texts = await written(decoder, wide(prefix=""))
    assert any(text.text for text in texts)


async def test_what_is_likely_next_is_told_best_first(decoder: TransformersDecoder) -> None:
    found = await decoder.likely_next("a story", 5)
    (best,) = await written(decoder, wide(samples=1, length=1, temperature=0, include_prefix=False))
    assert len(found) == 5
    assert sorted((chance for _, chance in found), reverse=True) == [chance for _, chance in found]
    assert best.text in {piece for piece, _ in found} or best.end == "stop"
    assert sum(chance for _, chance in await decoder.likely_next("a story", 10_000)) <= 1.0001
    assert all(0 < chance <= 1 for _, chance in found)


async def test_the_end_of_a_text_is_among_the_likely_ones(decoder: TransformersDecoder) -> None:
    every = dict(await decoder.likely_next("a story", 10_000))
    assert every[""] > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"samples": 0}, {"batch": 0}, {"length": 0}, {"temperature": -1}, {"temperature": float("nan")},
        {"top_p": 2}, {"top_k": -1}, {"seed": -1}, {"seed": 2**31}, {"truncate": ""},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadBriefError) as caught:
        wide(**wrong)
    assert isinstance(caught.value, OutOfRangeError) == ("truncate" not in wrong)
