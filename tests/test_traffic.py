"""The capacity plan: its simulation keeps the laws of queues, and the document shows what it found."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.worker.cards import Accelerator, Card, processor
from benchmarks.worker.crowd import Cost, Crowd, Speed
from benchmarks.worker.day import DAY, HOUR, Habits, busiest, orders
from benchmarks.worker.traffic import APPETITE, DOCUMENT, RESULT, SPANS, least, menu, priced, table

STEADY = Speed({1: 10.0, 2: 20.0})  # a step takes a tenth of a second, with up to two rows


def test_a_brief_alone_takes_its_steps_and_does_not_wait() -> None:
    times = Crowd([(5.0, Cost(30, 1.0))], workers=1, seats=1, speed=STEADY).serve()
    assert times
    assert times.waited == [0.0]
    assert times.took == pytest.approx([3.0])


def test_two_side_by_side_are_as_fast_as_one_where_the_model_is_not_slower_for_two() -> None:
    day = [(0.0, Cost(30, 1.0)), (1.0, Cost(30, 1.0))]
    times = Crowd(day, workers=1, seats=2, speed=STEADY).serve()
    assert times
    assert times.took == pytest.approx([3.0, 3.0])


def test_with_one_seat_the_second_waits_for_the_first() -> None:
    day = [(0.0, Cost(30, 1.0)), (1.0, Cost(30, 1.0)), (1.5, Cost(10, 1.0))]
    times = Crowd(day, workers=1, seats=1, speed=STEADY).serve()
    assert times
    assert times.waited == pytest.approx([0.0, 2.0, 4.5])
    assert times.took == pytest.approx([3.0, 5.0, 5.5])


def test_a_newcomer_slows_down_those_who_share_a_worker_that_is_at_its_limit() -> None:
    day = [(0.0, Cost(20, 2.0)), (1.0, Cost(20, 2.0))]  # four rows: a step takes twice as long
    times = Crowd(day, workers=1, seats=2, speed=STEADY).serve()
    assert times
    assert times.took == pytest.approx([1.0 + 10 * 0.2, 10 * 0.2 + 10 * 0.1])


def test_no_work_is_lost_and_none_is_done_twice() -> None:
    costs = menu()
    day = priced(orders(20_000, Habits(), seed=3), costs, seed=3)
    times = Crowd(day, workers=2, seats=3, speed=Speed({1: 100.0, 32: 400.0})).serve()
    assert times
    fastest = [cost.steps / 100.0 for _, cost in day]
    assert all(
        took >= waited + least - 1e-6 for took, waited, least in zip(times.took, times.waited, fastest, strict=True)
    )
    ends = sum(sorted(took + time for took, (time, _) in zip(times.took, day, strict=True))[-1:])
    assert sum(cost.steps * cost.rows for _, cost in day) <= 2 * 400.0 * ends


def test_it_gives_up_as_soon_as_too_many_have_waited() -> None:
    day = [(0.0, Cost(30, 1.0))] * 3
    crowded = {"workers": 1, "seats": 1, "speed": STEADY}
    assert Crowd(day, **crowded).serve(patience=2.0, share=0.5) is None  # type: ignore[arg-type]
    assert Crowd(day, **crowded).serve(patience=2.0, share=0.7)  # type: ignore[arg-type]
    assert Crowd(day, **crowded).serve(patience=2.0, share=0.0, of=range(1))  # type: ignore[arg-type]


def test_one_worker_less_than_the_plan_says_is_too_few() -> None:
    day = [(number * 0.1, Cost(30, 1.0)) for number in range(300)]  # three seconds each, ten a second
    slow = Card(name="slow", rates={1: 10.0}, source="", seats=1)
    workers, _ = least(day, slow, range(len(day)), patience=5.0)
    fewer = Crowd(day, workers=workers - 1, seats=1, speed=Speed(slow.rates))
    assert fewer.serve(patience=5.0, share=0.01) is None
    assert 30 < workers <= 60  # thirty would do if each went where a seat is free, and not to one of two


def test_the_same_seed_brings_the_same_day_and_all_of_it_within_a_day() -> None:
    day = orders(50_000, Habits(), seed=1)
    assert day == orders(50_000, Habits(), seed=1) != orders(50_000, Habits(), seed=2)
    assert all(0 <= one[0] <= other[0] < DAY for one, other in pairwise(day))
    habits = Habits()
    expected = habits.briefs(50_000) + habits.burst(50_000) * (1 + habits.scripts)
    assert len(day) == pytest.approx(expected, rel=0.05)


def test_the_announcement_is_the_busiest_hour_of_a_small_community() -> None:
    day = orders(5_000, Habits(), seed=1)
    busy = busiest(day, HOUR)
    assert day[busy.start][0] == pytest.approx(20 * HOUR, abs=HOUR)
    assert len(busy) > 5 * len(day) / 24


@pytest.mark.parametrize(("rows", "time"), [(1, 0.1), (2, 0.1), (4, 0.2), (600, 30.0)])
def test_a_step_takes_longer_with_more_rows_than_are_known(rows: int, time: float) -> None:
    assert STEADY.step(rows) == pytest.approx(time)


def test_the_bound_of_a_gpu_is_that_of_memory_until_arithmetic_binds() -> None:
    gpu = Accelerator(context=0)
    assert gpu.bound(1) == pytest.approx(4.3e12 / 12.1e9)
    assert gpu.bound(10_000) == pytest.approx(790e12 / 12.1e9)


def test_a_processor_s_rates_are_those_of_the_worker_s_benchmark(tmp_path: Path) -> None:
    result = tmp_path / "worker.json"
    assert "before" in processor(result).source
    figures = {"8 streams": {"tokens a second": 900.5}, "1 streams": {"tokens a second": 300}}
    table_ = {"date": "2026-11-25", "machine": "x86_64", "engines": {"ours": figures}}
    result.write_text(json.dumps({"llama24, 1 threads": table_}))
    assert processor(result).rates == {8: 900.5, 1: 300}
    assert processor(result).source == "measured 2026-11-25, x86_64"


def test_the_document_shows_the_table_of_the_results() -> None:
    result = json.loads(RESULT.read_text("utf-8"))
    document = DOCUMENT.read_text("utf-8")
    assert table(result) in document
    assert set(result["communities"]) == {"1000", "100000", "10000000"}
    assert all(set(plans) == set(SPANS) for one in result["communities"].values() for plans in one["plans"].values())


def test_the_document_names_the_costs_that_were_counted() -> None:
    tasks = json.loads(APPETITE.read_text("utf-8"))["tasks"]
    document = DOCUMENT.read_text("utf-8")
    for told in tasks.values():
        rows = f"{told['rows a step']:.1f}".removesuffix(".0")
        assert f"| {told['tokens computed']:.0f} | {told['steps']:.0f} | {rows} |" in document
