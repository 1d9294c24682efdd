"""Recorded steps: the same scores as computed ones, whoever comes and goes, and computed ones where recording fails.

There is no CUDA here: what records is stood in for by one that computes anew from the tensors that it was given, as a
graph does. The last test is for machines that have a GPU.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from model.engines.graphs import Graphs, Play, Record, recorder, rounded
from model.engines.lora import Wardrobe
from model.engines.networks import network
from model.engines.slots import Seat, SlotRunner
from tests.model import tiny
from tests.model.completions_model import write_adapter

WORDS = 303
LENGTHS = (20, 5, 13, 12, 30, 21)


class Recorder:
    """Records by keeping the computation."""

    def __init__(self) -> None:
        self.times = self.played = 0

    def __call__(self, compute: Play) -> Play:
        self.times += 1

        def play() -> Tensor:
            self.played += 1
            return compute()

        return play


def runner(record: Record | None, *, adapters: Wardrobe | None = None) -> SlotRunner:
    made = network(tiny.model("llama", WORDS), "fp32")
    assert made is not None
    return SlotRunner(made, adapters or Wardrobe(), budget=1 << 26, rows=8, record=record)


def ids(length: int, seed: int) -> list[int]:
    return torch.randint(WORDS, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


def seated(made: SlotRunner, length: int, seed: int, adapter: str | None = None) -> Seat:
    reading = made.begin(ids(length, seed), adapter)
    while reading.scores is None:
        made.read(reading)
    seat = made.seat(reading, tiny.CONTEXT)
    assert seat is not None
    return seat


def crowd(made: SlotRunner, steps: int = 5) -> list[Tensor]:
    """Let rows of several lengths come, write, and leave; return all scores."""
    seats: list[Seat] = []
    told = []
    for number, length in enumerate(LENGTHS):
        seats.append(seated(made, length, number))
        told += [made.step(seats, [step + seat.slot for seat in seats]).clone() for step in range(steps)]
    while len(seats) > 1:
        made.leave(seats.pop(len(seats) // 2))
        told += [made.step(seats, [7] * len(seats)).clone() for _ in range(steps)]
    return told


def test_recorded_steps_give_the_scores_of_computed_ones() -> None:
    record = Recorder()
    recorded, computed = crowd(runner(record)), crowd(runner(None))
    assert record.played > record.times > 0
    for ours, theirs in zip(recorded, computed, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_what_was_recorded_over_a_block_is_forgotten_with_it() -> None:
    record = Recorder()
    made = runner(record)
    seats = [seated(made, 20, 1)]
    for _ in range(4):
        made.step(seats, [3])
    assert record.times == 1
    seats.append(seated(made, 20, 2))
    made.leave(seats.pop())  # the block stays as large as it was made for two
    for _ in range(4):
        made.step(seats, [3])
    assert record.times == 2


def test_a_row_that_comes_is_not_recorded_anew_within_the_same_number() -> None:
    record = Recorder()
    made = runner(record)
    seats = [seated(made, 20, number) for number in range(5)]
    for _ in range(3):
        made.step(seats, [3] * 5)
    before = record.times
    seats.append(seated(made, 20, 9))
    made.step(seats, [3] * 6)
    assert record.times == before
    assert rounded(5) == rounded(6) == 8


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers for it
def test_another_adapter_is_another_record_and_a_mixed_batch_none(tmp_path: Path) -> None:
    record = Recorder()
    made = runner(record)
    tiny.model("llama", WORDS).save_pretrained(tmp_path / "base")
    write_adapter(tmp_path / "base", tmp_path / "a", 1)
    made.hang("a", made.prepare(tmp_path / "a"))
    worn = [seated(made, 20, 1, "a")]
    plain = runner(None)
    plain.hang("a", plain.prepare(tmp_path / "a"))
    other = [seated(plain, 20, 1, "a")]
    for _ in range(4):
        torch.testing.assert_close(made.step(worn, [3]), plain.step(other, [3]), rtol=1e-4, atol=1e-4)
    before = record.times
    worn.append(seated(made, 20, 1))
    for _ in range(4):
        made.step(worn, [3, 3])
    assert (before, record.times) == (1, 1)
    made.hang("a", made.prepare(tmp_path / "a"))  # in place of the one that was recorded
    made.leave(worn.pop())
    for _ in range(3):
        made.step(worn, [3])
    assert record.times == 2


def broken(_: Play) -> Play:
    message = "operation not permitted when stream is capturing"
    raise RuntimeError(message)


def lying(compute: Play) -> Play:
    return lambda: compute() + 1


@pytest.mark.parametrize(("record", "said"), [(broken, "cannot be recorded"), (lying, "other scores")])
def test_where_recording_fails_steps_are_computed_and_the_log_says_so(
    record: Callable[[Play], Play], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        recorded = crowd(runner(record))
    assert [said in line.message for line in caplog.records] == [True]
    for ours, theirs in zip(recorded, crowd(runner(None)), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_without_memory_for_a_record_the_loop_is_told_and_may_try_again() -> None:
    room = [False]

    def record(compute: Play) -> Play:
        if not room[0]:
            raise torch.OutOfMemoryError
        return compute

    graphs = Graphs(torch.device("cpu"), 4, record)

    def step() -> Tensor:
        return graphs.step("key", [1, 2], [0, 0], lambda ids, positions: (ids + positions)[:, None].float())

    step()
    with pytest.raises(torch.OutOfMemoryError):
        step()
    room[0] = True
    assert step().tolist() == [[1.0], [2.0]]
    assert graphs.recorded == 1


def test_only_so_many_graphs_are_kept() -> None:
    record = Recorder()
    graphs = Graphs(torch.device("cpu"), 1, record)
    for key in range(200):
        for _ in range(2):
            graphs.step(key, [1], [0], lambda ids, _: ids[:, None].float())
    assert graphs.recorded == 64


def test_memory_is_given_back_by_forgetting_graphs() -> None:
    made = runner(Recorder())
    seats = [seated(made, 20, 1)]
    for _ in range(3):
        made.step(seats, [3])
    made.shed()  # the prompt, too
    made.step(seats, [3])
    made.step(seats, [3])
    assert made.shed()
    assert not made.shed()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="records on a GPU, and this machine has none")
def test_on_a_gpu_graphs_give_the_scores_of_computed_steps(caplog: pytest.LogCaptureFixture) -> None:
    def made(record: Record | None) -> SlotRunner:
        model: Any = tiny.model("llama", WORDS)
        on_it = network(model.to("cuda"), "fp32")
        assert on_it is not None
        return SlotRunner(on_it, Wardrobe(), budget=1 << 26, rows=8, record=record)

    with torch.inference_mode():
        recorded, computed = crowd(made(recorder())), crowd(made(None))
    assert not caplog.records
    for ours, theirs in zip(recorded, computed, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-2)
