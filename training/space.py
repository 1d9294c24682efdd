"""Room on the disk and in memory: what a run needs is asked for before it begins."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from training.archives import NoSpaceError
from training.recipe import Recipe

_STATE: Final = 12  # bytes a weight that learns: itself and two moments of AdamW, in fp32


class OutOfMemoryError(MemoryError):
    """The run does not fit into the memory of its device; ``recipe`` is what was tried."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(f"{recipe.method}, batch {recipe.batch}, context {recipe.context}")
        self.recipe = recipe


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
def memory(recipe: Recipe) -> Iterator[None]:
    """Raise what torch says when memory runs out as one error that knows the recipe.

    Raises:
        OutOfMemoryError: memory ran out.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemoryError(recipe) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise OutOfMemoryError(recipe) from error
