from math import log, log2
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from model.briefs import PitchBrief, genre, theme
from model.drafts import PitchDraft
from model.engines import NotFiniteError
from tests.model import tiny
from training.embedded.score import bits_per_byte
from training.examples import Entry, Example, Passage
from training.packing import Document
from training.scoring import NothingToScoreError, cost, document, interval, score

WORDS = tiny.tokenizer()
VOCABULARY = 7


def pitch(number: int, told: str = "A tired baker finds a map.") -> Entry:
    brief = PitchBrief(genre=genre("comedy"), theme=theme("goat"))
    return Entry(work=f"Goat {number}", brief=brief, draft=PitchDraft(title=f"Goat {number}", summary=told))


def pitches() -> list[Entry]:
    return [pitch(number, "A goat." + " It sings." * (number % 4)) for number in range(9)]


def stored(folder: Path, kind: str = "llama") -> PreTrainedModel:
    tiny.write(folder, kind)
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder)
    return model


def even(ids: Tensor) -> Tensor:
    """Foresee nothing: every token is as likely as any other."""
    return torch.zeros(*ids.shape, VOCABULARY)


def tokens(count: int, scored_from: int = 1) -> Document:
    return Document(np.arange(count, dtype=np.int32) % VOCABULARY, scored_from)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gptj"])
def test_batches_of_mixed_lengths_cost_what_one_by_one_costs(tmp_path: Path, kind: str) -> None:
    model = stored(tmp_path, kind)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    found = score(model, tokenizer, pitches(), context=tiny.CONTEXT)
    plain = bits_per_byte(model, tokenizer, [document(tokenizer, one) for one in pitches()])
    assert found.bits_per_byte == pytest.approx(plain, rel=1e-6)


def test_the_size_of_a_batch_changes_nothing(tmp_path: Path) -> None:
    model = stored(tmp_path)
    documents = [document(WORDS, one) for one in pitches()]

    def predict(ids: Tensor) -> Tensor:
        scores: Tensor = model(input_ids=ids).logits
        return scores

    singly = cost(predict, documents, context=tiny.CONTEXT, scores=1)
    together = cost(predict, documents, context=tiny.CONTEXT, scores=10**9)
    assert singly == pytest.approx(together, rel=1e-6)


def test_only_what_is_to_be_written_counts_with_its_end_and_in_bytes(tmp_path: Path) -> None:
    one = pitch(1, "Ein Bär fährt über die Brücke.")
    written = len(WORDS.encode(one.completion, add_special_tokens=False)) + 1
    read = document(WORDS, one)
    assert len(read.tokens) - read.scored_from == written
    model = stored(tmp_path)
    torch.nn.init.zeros_(model.get_parameter("lm_head.weight"))
    found = score(model, WORDS, [one], context=tiny.CONTEXT)
    assert found.bits_per_byte == pytest.approx(written * log2(len(WORDS) + 3) / len(one.completion.encode()))
    assert found.words_per_1000_tokens == pytest.approx(1000 * len(one.completion.split()) / written)
    assert found.tokens_per_entry == len(read.tokens)


@given(st.integers(2, 60), st.integers(1, 70), st.integers(1, 40))
def test_every_token_of_a_long_document_is_scored_once_within_the_context(
    count: int, scored_from: int, context: int
) -> None:
    scored_from = min(scored_from, count)
    widest = 0

    def predict(ids: Tensor) -> Tensor:
        nonlocal widest
        widest = max(widest, ids.shape[1])
        return even(ids)

    nats = cost(predict, [tokens(count, scored_from)], context=context)
    assert nats[0] == pytest.approx((count - scored_from) * log(VOCABULARY))
    assert widest <= context


def test_what_is_scored_has_half_a_context_before_it_or_the_whole_beginning() -> None:
    def sure_when_enough_is_seen(ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1]).expand_as(ids)
        enough = (places >= 9) | (places == ids)  # the tokens are numbered by their place in the document
        right = torch.nn.functional.one_hot(ids + 1, 200).bool()
        return torch.zeros(*ids.shape, 200).masked_fill(enough[..., None] & ~right, -torch.inf)

    counted = Document(np.arange(150, dtype=np.int32), 1)
    assert cost(sure_when_enough_is_seen, [counted], context=20)[0] == 0
    assert cost(sure_when_enough_is_seen, [counted], context=4)[0] > 0


def test_prose_begins_after_the_end_of_another_text() -> None:
    read = document(WORDS, Passage(work="Rain", text="It rains."))
    assert read.tokens[0] == read.tokens[-1] == WORDS.eos_token_id
    assert read.scored_from == 1
    assert WORDS.decode(read.tokens[1:-1].tolist()) == "It rains."


def test_a_tokenizer_without_end_token_scores_the_completion_without() -> None:
    bare = tiny.tokenizer()
    bare.eos_token = bare.bos_token = None
    with_end, without = document(WORDS, pitch(1)), document(bare, pitch(1))
    assert without.tokens.tolist() == with_end.tokens.tolist()[:-1]
    rain = document(bare, Passage(work="Rain", text="It rains."))
    assert bare.decode(rain.tokens.tolist()) == "It rains."
    assert rain.scored_from == 1


def test_a_beginning_token_stands_before_the_prompt_as_it_does_when_writing() -> None:
    read = document(tiny.tokenizer(begins=True), pitch(1))
    assert read.tokens.tolist() == [WORDS.bos_token_id, *document(WORDS, pitch(1)).tokens.tolist()]


def test_a_control_token_in_a_text_is_plain_text() -> None:
    read = document(WORDS, Passage(work="Rain", text=f"It {tiny.END} rains."))
    assert WORDS.eos_token_id not in read.tokens[1:-1]


@pytest.mark.parametrize("examples", [[], [Passage(work="Rain", text="")]])
def test_nothing_to_score_is_said_with_its_task(tmp_path: Path, examples: list[Example]) -> None:
    with pytest.raises(NothingToScoreError) as caught:
        score(stored(tmp_path), WORDS, examples, context=tiny.CONTEXT, task="prose")
    assert caught.value.task == "prose"


def test_broken_weights_bring_an_error_and_no_figure() -> None:
    with pytest.raises(NotFiniteError):
        cost(lambda ids: even(ids) * torch.nan, [tokens(5)], context=8)


def test_the_interval_holds_the_figure_and_is_the_same_again() -> None:
    random = np.random.default_rng(3)
    sizes = random.uniform(50, 150, 60)
    bits = sizes * random.normal(1.5, 0.3, 60)
    works = [f"Work {number % 20}" for number in range(60)]
    low, high = interval(bits, sizes, works, seed=1)
    assert low is not None
    assert high is not None
    assert low < bits.sum() / sizes.sum() < high
    assert interval(bits, sizes, works, seed=1) == (low, high)


def test_entries_of_one_work_do_not_make_the_interval_narrow() -> None:
    sizes = np.full(40, 100.0)
    bits = np.array([100.0] * 20 + [200.0] * 20)
    by_work = interval(bits, sizes, ["A"] * 20 + ["B"] * 20, seed=1)
    by_entry = interval(bits, sizes, [f"Work {number}" for number in range(40)], seed=1)
    assert by_work == (1.0, 2.0)
    assert by_entry[0] is not None
    assert by_entry[0] > 1.2
    assert interval(bits, sizes, ["A"] * 40, seed=1) == (None, None)
