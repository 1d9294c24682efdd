"""The promise of whatever turns a prompt into text: rows of one prompt, written side by side."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from model.grammar import Grammar
from model.tasks import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn. ``max_tokens`` bounds one row; ``top_k``, ``min_p`` and ``no_repeat`` are off at 0.

    ``min_p`` leaves out what is less likely than that share of the likeliest. No run of ``no_repeat`` words comes
    twice in a row; only plain words are left out for that, names are not. A row is held to the ``grammar``, if there is
    one; a decoder that cannot do that leaves it free, so whoever reads it must still look.

    With ``slide`` a row that fills what the model sees at once goes on from its own last half, and a prompt that is
    longer is read from its end; without it a row ends there, and such a prompt is refused.
    """

    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0
    no_repeat: int = 0
    max_tokens: int = 400
    grammar: Grammar | None = None
    slide: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """``text`` continues ``row``; ``tokens`` were computed for it. ``end`` says why the row stopped, if it did.

    ``likely`` is the log-probability that the model gave what was drawn, before any rule of drawing; 0 if not known.
    """

    row: int
    text: str
    tokens: int
    end: Literal["stop", "length"] | None = None
    likely: float = 0.0


@dataclass(slots=True)
class Halt:
    """Rows that need not be written further; the caller adds, the decoder looks before every step."""

    rows: set[int] = field(default_factory=set)


class Decoder(Protocol):
    """A language model with its tokenizer."""

    @property
    def name(self) -> str:
        """The checkpoint (and adapter) that writes, for the record kept with every text."""
        ...

    def decode(self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /) -> AsyncGenerator[Chunk]:
        """Write one row a seed, all from ``prompt``; closing the generator stops the work at the next step.

        The same prompt, seed and sampling give the same text.
        """
        ...


@runtime_checkable
class Adaptable(Protocol):
    """A decoder that lays adapters over its model while it writes, for each call the one that it asks for."""

    def wearing(self, adapter: str | None) -> Decoder:
        """Return this decoder as it writes with a loaded adapter, or with none.

        Raises:
            AdapterMissingError: there is none of that name.
        """
        ...

    async def load_adapter(self, folder: Path) -> str:
        """Load the adapter in ``folder`` beside the others and return its name; what is being written goes on.

        Raises:
            CheckpointError: it is damaged, not for this program, or made for another model.
        """
        ...

    async def drop_adapter(self, name: str) -> None:
        """Forget an adapter; call it when nobody writes with it any more."""
        ...


@runtime_checkable
class Warm(Protocol):
    """A decoder whose first text takes longer than those after it."""

    async def warm(self) -> None:
        """Write a little, so that nobody waits for what is made at first use.

        Raises:
            EngineError: the model, or the adapter it wears, cannot write.
        """
        ...


@runtime_checkable
class Remote(Protocol):
    """A decoder that asks a server with a line of its own."""

    async def waiting(self) -> int | None:
        """Return the place in that line of what was asked last: 0 if nothing waits, None if not known."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A decoder that tells how it is doing."""

    @property
    def busy(self) -> bool:
        """Whether anything is being written."""
        ...

    @property
    def last_step(self) -> float:
        """When it last made a step (``time.monotonic``)."""
        ...

    @property
    def rows(self) -> int:
        """How many rows are being written."""
        ...

    @property
    def computed(self) -> int:
        """Tokens written since the start."""
        ...

    def stack(self) -> str:
        """Return where its thread stands."""
        ...
