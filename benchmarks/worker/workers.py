"""A real worker process of the embedded writer, and what is asked of it."""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final

from benchmarks.worker.servers import Command, Server, free_port, running
from model import briefs
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief

_THEMES: Final = ("time travel", "a lighthouse", "the last bakery", "two sisters", "a stolen piano", "night trains")
_SHOWS: Final = (
    ("Salt", "Two sisters inherit a lighthouse and the debts that come with it."),
    ("The Long Tide", "A harbor town waits for a ship that was never built."),
    ("Paper Moons", "A forger teaches evening classes in a prison."),
    ("North Line", "A night train stops where there is no station."),
)


def worker(cores: frozenset[int] | None = None, **settings: str) -> AbstractContextManager[Server]:
    """Run ``greenlit worker`` with ``settings`` (``capacity="128"``), and yield it when it is ready.

    Raises:
        DeadError: it does not come up.
    """
    port = free_port()
    env = {f"GREENLIT_WORKER_{name.upper()}": value for name, value in {**settings, "port": str(port)}.items()}
    words = (sys.executable, "-m", "greenlit", "worker")
    return running(Command(words=words, env=env, port=port, ready="/readyz", cores=cores))


def split() -> tuple[frozenset[int], frozenset[int]]:
    """Return the first core, for the worker, and the others (or the same), for whoever asks."""
    first, *others = sorted(os.sched_getaffinity(0))
    return frozenset([first]), frozenset(others or [first])


def mixed(count: int, seed: int = 0) -> list[Brief]:
    """Return ``count`` briefs as a server asks for them: of ten six slates, two dialogs and two scripts."""
    return [_brief(number, seed + number) for number in range(count)]


def _brief(number: int, seed: int) -> Brief:
    title, summary = _SHOWS[number % len(_SHOWS)]
    match number % 10:
        case 3 | 7:
            return DialogBrief(title=briefs.title(title), summary=briefs.summary(summary), seed=seed)
        case 5 | 9:
            return ScriptBrief(title=briefs.title(title), summary=briefs.summary(summary), seed=seed)
        case _:
            genre = briefs.GENRES[number % len(briefs.GENRES)]
            return PitchBrief(genre=genre, theme=briefs.theme(_THEMES[number % len(_THEMES)]), count=3, seed=seed)


def dialogs(seed: int) -> Iterator[Brief]:
    """Yield dialogs without end, for somebody who always wants more."""
    for number in itertools.count(seed):
        title, summary = _SHOWS[number % len(_SHOWS)]
        yield DialogBrief(title=briefs.title(title), summary=briefs.summary(summary), seed=number)
