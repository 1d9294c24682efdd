"""What a run can run out of: memory, room on the disk, and numbers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from training.files import NoSpaceError, room
from training.recipe import Recipe

_STATE: Final = 12  # bytes a weight that learns: itself and two moments of AdamW, in fp32


class OutOfMemoryError(MemoryError):
    """The run does not fit into the memory of its device; ``recipe`` is what was tried."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(f"{recipe.method}, batch {recipe.batch}, context {recipe.context}")
        self.recipe = recipe


class LossNotFiniteError(ArithmeticError):
    """The loss of ``step`` is no number any more."""

    def __init__(self, step: int) -> None:
        super().__init__(f"step {step}")
        self.step = step


def require_space(folder: Path, model: Any, *, checkpoints: int) -> None:  # noqa: ANN401 -- PEFT has no types
    """Raise unless ``folder`` has room for so many checkpoints of what learns in ``model``, and the result.

    Raises:
        NoSpaceError: it has not.
    """
    learning = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    needed = learning * (_STATE * checkpoints + 4)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpaceError(folder, needed)


@contextmanager
def enough(recipe: Recipe, folder: Path) -> Iterator[None]:
    """Raise what the libraries say when memory or the disk runs out as one error each.

    Raises:
        OutOfMemoryError: memory ran out; it knows the recipe.
        NoSpaceError: the disk of ``folder`` is full.
    """
    try:
        with room(folder):
            yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemoryError(recipe) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise OutOfMemoryError(recipe) from error
