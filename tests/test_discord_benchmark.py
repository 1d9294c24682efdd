"""The Discord of the benchmark: it keeps the limit it says it keeps."""

from dataclasses import dataclass

from benchmarks.discord.limits import Limits
from benchmarks.discord.measures import told


@dataclass
class Clock:
    time: float = 100.0

    def __call__(self) -> float:
        return self.time


def test_a_sixth_edit_within_five_seconds_is_refused_with_the_time_to_wait() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    answers = []
    for _ in range(6):
        answers.append(limits.edit("channel:1"))
        clock.time += 0.5
    assert [wait for _, wait in answers] == [0.0] * 5 + [2.5]
    assert [headers["X-RateLimit-Remaining"] for headers, _ in answers] == ["4", "3", "2", "1", "0", "0"]
    refused, _ = answers[-1]
    assert refused["Retry-After"] == "3"
    assert "Via" in refused
    assert limits.refused == 1


def test_other_channels_and_later_edits_are_not_held_up() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    for _ in range(5):
        limits.edit("channel:1")
    assert limits.edit("channel:2")[1] == 0.0
    clock.time += 5.0
    assert limits.edit("channel:1")[1] == 0.0
    assert limits.refused == 0


def test_what_was_acknowledged_too_late_or_never_counts_as_lost() -> None:
    assert told([1.0, 2.0, 3500.0], of=4) == {"p50 ms": 2.0, "p99 ms": 3500.0, "max ms": 3500.0, "asked": 4, "lost": 2}
