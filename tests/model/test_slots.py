"""What is remembered of prompts and rows: reused to the bit, within the budget, and never somebody else's."""

import itertools
from typing import Any

import pytest
import torch

from model.engines.lora import Wardrobe
from model.engines.networks import network
from model.engines.slots import PIECE, Reading, Seat, SlotRunner
from tests.model import tiny

WORDS = 303
TOKEN = 2 * 2 * 32 * 4  # bytes: keys and values of two layers, 32 numbers, fp32


@pytest.fixture
def weights() -> torch.Tensor:
    return torch.randint(WORDS, (80,), generator=torch.Generator().manual_seed(2))


def runner(*, budget: int = 1 << 26, rows: int = 8) -> SlotRunner:
    made = network(tiny.model("llama", WORDS), "fp32")
    assert made is not None
    return SlotRunner(made, Wardrobe(), budget=budget, rows=rows)


def read(made: SlotRunner, ids: list[int]) -> tuple[Reading, int]:
    """Return the reading of ``ids``, and in how many pieces it was read."""
    reading = made.begin(ids, None)
    for pieces in itertools.count():
        if reading.scores is not None:
            return reading, pieces
        made.read(reading)
    raise AssertionError


def seated(made: SlotRunner, ids: list[int], longest: int = tiny.CONTEXT) -> Seat:
    seat = made.seat(read(made, ids)[0], longest)
    assert seat is not None
    return seat


def test_a_prompt_that_was_read_is_not_read_again(weights: torch.Tensor) -> None:
    made, ids = runner(), weights.tolist()
    first, pieces = read(made, ids)
    assert pieces == 3
    second, again = read(made, ids)
    assert again == 0
    assert second is first


def test_of_a_prompt_that_begins_alike_only_the_rest_is_read_with_the_same_bits(weights: torch.Tensor) -> None:
    ids = weights.tolist()
    other = [*ids[: PIECE + 9], *(5 for _ in ids[PIECE + 9 :])]
    alone, pieces = read(runner(), other)
    assert pieces == 3
    made = runner()
    read(made, ids)
    after, pieces = read(made, other)
    assert pieces == 2
    assert alone.scores is not None
    assert after.scores is not None
    assert torch.equal(alone.scores, after.scores)
    assert torch.equal(alone.kept, after.kept)


def test_the_last_token_of_a_prompt_is_always_read(weights: torch.Tensor) -> None:
    made, ids = runner(), weights.tolist()
    read(made, ids)
    begun, pieces = read(made, ids[:PIECE])
    assert pieces == 1
    assert torch.equal(begun.scores, read(runner(), ids[:PIECE])[0].scores)  # type: ignore[arg-type]


def test_prompts_are_forgotten_the_oldest_first_where_the_budget_ends(weights: torch.Tensor) -> None:
    made = runner(budget=10 * 100 * TOKEN)  # a tenth of it for prompts: a hundred tokens
    prompts = [[number, *weights.tolist()[:29]] for number in range(4)]  # three of thirty fit
    for prompt in prompts:
        read(made, prompt)
    assert [read(made, prompt)[1] for prompt in prompts[1:]] == [0, 0, 0]
    assert read(made, prompts[0])[1] == 1
    assert made.shed()
    assert read(made, prompts[3])[1] == 1


def test_rows_beyond_the_number_or_the_budget_find_no_seat_but_the_first_always_does(weights: torch.Tensor) -> None:
    ids = weights.tolist()[:20]
    few = runner(rows=2)
    seated(few, ids)
    seated(few, ids)
    assert few.seat(read(few, ids)[0], 40) is None
    tight = runner(budget=400 * TOKEN)  # four tenths and a little of it are slack or for prompts: 257 tokens
    assert seated(tight, ids, longest=96).slot == 0
    assert seated(tight, ids, longest=96).slot == 1
    assert tight.seat(read(tight, ids)[0], 96) is None
    tiny_budget = runner(budget=TOKEN)
    seat = seated(tiny_budget, ids)
    assert tiny_budget.seat(read(tiny_budget, ids)[0], 30) is None
    tiny_budget.leave(seat)
    assert seated(tiny_budget, ids)


def test_what_rows_take_is_given_back_when_they_leave(weights: torch.Tensor) -> None:
    made = runner()
    seats = [seated(made, weights.tolist()) for _ in range(8)]
    full = made.kept
    for seat in seats[1:]:
        made.leave(seat)
    made.step(seats[:1], [1])
    assert made.kept < 0.6 * full
    made.leave(seats[0])


def test_numbers_that_are_none_do_not_stay_where_they_were_written(weights: torch.Tensor) -> None:
    ids = weights.tolist()[:40]
    clean = runner()
    expected = clean.step([seated(clean, ids)], [7])
    made = runner()
    poisoned = seated(made, [*ids, 1, 2, 3])
    with torch.inference_mode():
        for layer in made._block._layers:
            layer[:, poisoned.slot, :, 39:] = torch.nan
    made.leave(poisoned)
    assert torch.equal(made.step([seated(made, ids)], [7]), expected)


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_without_memory_for_more_rows_those_there_are_go_on(
    weights: torch.Tensor, fails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = weights.tolist()[:40]
    expected, made = runner(), runner()
    sure, seat = seated(expected, ids), seated(made, ids)
    reading, _ = read(made, weights.tolist())
    taken = itertools.count()
    empty = made._block._empty

    def scarce(numbers: int) -> torch.Tensor:
        if next(taken) == fails:
            raise MemoryError
        return empty(numbers)

    with monkeypatch.context() as patched:
        patched.setattr(made._block, "_empty", scarce)
        if fails < 2:  # two layers
            with pytest.raises(MemoryError):
                made.seat(reading, tiny.CONTEXT)
        else:
            assert made.seat(reading, tiny.CONTEXT) is not None
            return
    for token in range(30):
        assert torch.equal(made.step([seat], [token]), expected.step([sure], [token]))
    other = made.seat(reading, tiny.CONTEXT)
    assert other is not None
    assert torch.equal(made.step([seat, other], [5, 6])[0], expected.step([sure], [5])[0])


def test_tokens_for_other_seats_than_those_taken_are_refused_before_anything_is_written(weights: torch.Tensor) -> None:
    made = runner()
    seats = [seated(made, weights.tolist()) for _ in range(2)]
    with pytest.raises(ValueError, match="1 tokens for 1 of 2 seats"):
        made.step(seats[:1], [1])
    assert [seat.length for seat in seats] == [len(weights)] * 2


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_numbers_that_are_none_leave_with_their_row_wherever_it_had_moved(kind: str) -> None:
    model: Any = tiny.model(kind, WORDS)
    with torch.no_grad():
        model.get_input_embeddings().weight[100] = torch.nan
    made = network(model, "fp32")
    assert made is not None
    broken = SlotRunner(made, Wardrobe(), budget=1 << 26, rows=64)
    good = [seated(broken, [20, 21, 22]) for _ in range(7)]
    bad = [seated(broken, [30] * 40 + [100] + [31] * 20) for _ in range(9)]
    for seat in (*bad[::2], *bad[1::2]):
        broken.leave(seat)
    long = seated(broken, [40] * 70)
    scores = broken.step([*good, long], [5] * 8)
    assert bool(torch.isfinite(scores[:, :100]).all())  # where its words are its scores, too, that of the word is none
