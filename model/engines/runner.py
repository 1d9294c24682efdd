"""What the loop needs of a model: prompts read piece by piece, rows seated behind them, one step of all rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor


class Read(Protocol):
    """A prompt; ``scores`` [vocabulary] say what may follow it, once it is read to its end."""

    scores: Tensor | None


R = TypeVar("R", bound=Read)
S = TypeVar("S")


class Runner(Protocol[R, S]):
    """A model with the memory of what it writes. Used by one thread."""

    @property
    def context(self) -> int:
        """How many tokens a text may have, its prompt included."""
        ...

    def begin(self, ids: Sequence[int], adapter: str | None, /) -> R:
        """Return a reading of ``ids``, as far along as is remembered."""
        ...

    def read(self, reading: R, /) -> None:
        """Read one piece further."""
        ...

    def seat(self, reading: R, longest: int, /) -> S | None:
        """Return room for a row that continues ``reading`` up to ``longest`` tokens, or None if there is none.

        There always is for the first.
        """
        ...

    def leave(self, seat: S, /) -> None:
        """Give the room of a row back."""
        ...

    def step(self, seats: Sequence[S], tokens: Sequence[int], /) -> Tensor:
        """Add a token to every row (all that are seated) and return the scores of what follows, [rows, vocabulary]."""
        ...

    def shed(self) -> bool:
        """Give memory back that can be spared; say whether there was any."""
        ...

    def clear(self) -> None:
        """Forget every row and prompt."""
        ...

    def prepare(self, folder: Path, /) -> Any:  # noqa: ANN401 - each runner has its own
        """Read the LoRA in ``folder``; any thread may ask.

        Raises:
            BrokenCheckpointError: it is another model's, or cannot be laid over this one.
        """
        ...

    def hang(self, name: str, prepared: Any, /) -> None:  # noqa: ANN401
        """Let rows wear what was prepared, as ``name``."""
        ...

    def drop(self, name: str, /) -> None:
        """Forget an adapter that no row wears."""
        ...
