from pathlib import Path

import pytest

from model.decoder import Sampling
from model.engines import PromptTooLongError
from model.engines.transformers_engine import TransformersDecoder
from model.fake import FakeDecoder
from tests.model import tiny
from training.completion import (
    Held,
    complete,
    completion_figures,
    held,
    original_metric,
    to_sentence,
    to_words,
)
from training.examples import Passage

SONG = " ".join(f"line {number} of the rain," for number in range(20)) + " and it is over."
ENDS = [
    "the river carries all my letters slowly to the sea and nobody is waiting there to read a word of mine",
    "seven brass bells were hanging in the tower when the storm came down and took the roof away from us",
    "my sister keeps a lantern burning under every window so the sailors know that someone is awake at home",
]
TEXTS = [Held(f"Beginning {number}", f" {ending}") for number, ending in enumerate(ENDS)]


def test_the_last_words_are_held_out_and_a_text_counts_once() -> None:
    song = Passage(work="Rain", text=SONG)
    (text,) = held([song, song, Passage(work="Short", text="Too short.")])
    assert len(text.ending.split()) == 20
    assert text.beginning + text.ending == SONG


def test_a_text_is_cut_to_words_or_to_the_end_of_a_sentence() -> None:
    text = 'I go.\nYou "stay here!" We all\n\nmeet again tomorrow. Or never'
    assert to_words(text, 3) == "I go. You"
    assert to_sentence(text, 3) == 'I go. You "stay here!"'
    assert to_sentence(text, 6) == 'I go. You "stay here!" We all meet again tomorrow.'
    assert to_sentence(text, 30) == 'I go. You "stay here!" We all meet again tomorrow.'
    assert to_sentence("no end in sight at all", 3) == "no end in"
    assert to_sentence("", 3) == ""


def test_a_perfect_copy_reaches_the_ceiling_and_others_ends_are_the_floor() -> None:
    figures = completion_figures(ENDS, TEXTS)
    assert figures["chrf"] == figures["chrf_ceiling"] == 100
    assert figures["bleu"] == figures["bleu_ceiling"] == 100
    assert figures["sentence_bleu"] == 100
    assert figures["chrf_floor"] < 25
    assert figures["bleu_floor"] < 5
    assert figures["completions"] == 3


def test_unrelated_text_scores_no_more_than_its_floor() -> None:
    figures = completion_figures(["Dough, flour and butter are the whole art of Kuchen, says he."] * 3, TEXTS)
    assert figures["chrf"] == pytest.approx(figures["chrf_floor"])
    assert figures["bleu"] == pytest.approx(figures["bleu_floor"])


def test_the_original_metric_prefers_next_to_nothing_to_a_perfect_copy() -> None:
    true = "I will follow you. The river is wide."
    assert original_metric(" I.", true) == 1
    assert original_metric(true, true) < 0.85
    assert original_metric("", true) == 0
    figures = completion_figures([" I."] * 3, [Held("", f" I am here. {ending}") for ending in ENDS])
    assert figures["original_metric"] > figures["original_metric_ceiling"]
    assert figures["chrf"] < 10


def test_a_single_text_has_no_floor_and_none_no_figures() -> None:
    figures = completion_figures(ENDS[:1], TEXTS[:1])
    assert "chrf_floor" not in figures
    assert figures["chrf"] == 100
    assert completion_figures([], []) == {}


def test_an_empty_completion_scores_nothing() -> None:
    figures = completion_figures(["", "", ""], TEXTS)
    assert figures["chrf"] == figures["bleu"] == figures["completion_words"] == 0


async def test_writing_stops_at_the_first_sentence_that_is_long_enough() -> None:
    decoder = FakeDecoder(["one two three four. five six seven. eight nine ten eleven twelve"])
    (written,) = await complete(decoder, TEXTS[:1], words=5)
    assert written.startswith("one two three four. five six seven.")
    assert "nine" not in written


async def test_writing_stops_at_twice_the_words_when_no_sentence_ends() -> None:
    decoder = FakeDecoder([" ".join(["and"] * 100)])
    (written,) = await complete(decoder, TEXTS[:1], words=5)
    assert len(written.split()) == 11


async def test_the_same_seed_completes_the_same_way_with_a_model(tmp_path: Path) -> None:
    decoder = TransformersDecoder.load(tiny.write(tmp_path, "llama"), threads=1)
    short = Sampling(max_tokens=12)
    try:
        first = await complete(decoder, TEXTS, sampling=short, seed=4)
        assert first == await complete(decoder, TEXTS, sampling=short, seed=4)
        assert first != await complete(decoder, TEXTS, sampling=short, seed=5)
        with pytest.raises(PromptTooLongError):
            await complete(decoder, [Held("long " * 200, " end")], sampling=short)
        assert len(await complete(decoder, [Held("long " * 200, " end")], fit=lambda text: text[-20:])) == 1
    finally:
        decoder.close()
