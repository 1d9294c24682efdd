"""The processes that train together, as ``accelerate launch`` or ``torchrun`` started them; usually just one."""

from collections.abc import Callable
from typing import TypeVar

from accelerate import PartialState

from training.adapting import device

T = TypeVar("T")


def processes() -> int:
    """Return how many train together."""
    return int(_state().num_processes)


def is_first() -> bool:
    """Say whether this is the one that writes."""
    return bool(_state().is_main_process)


def first(work: Callable[[], T]) -> T:
    """Return what ``work`` brings; of several processes the first does it alone, the others after it."""
    with _state().main_process_first():
        return work()


def _state() -> PartialState:
    return PartialState(cpu=device() == "cpu")  # without a word, it takes processes without an accelerator for one
