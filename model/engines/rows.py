"""One row that is being written: what it may say next, what it has said, and why it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from model.decoder import Chunk, Halt, Sampling
from model.engines.constraint import Held, Vocabulary
from model.engines.drawing import throws
from model.engines.repetition import Runs, ban, beginnings
from model.engines.spelling import Spelling, control_ids, encode
from model.tasks import Prompt

_ALL: Final = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A tokenizer, and what follows from it for every row: made once a model."""

    tokenizer: PreTrainedTokenizerBase
    ends: frozenset[int]
    banned: Tensor  # [vocabulary]: what is added to the scores, 0 or minus infinity
    vocabulary: Vocabulary | None  # for grammars
    begins: frozenset[int]  # tokens that begin a plain word
    beginning: tuple[int, ...]  # what every text begins with

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, ends: frozenset[int], size: int, device: torch.device) -> Self:
        """Return it for a model that gives ``size`` scores and ends a text with ``ends``."""
        banned = torch.zeros(size, device=device)
        banned[[number for number in control_ids(tokenizer) - ends if number < size]] = -torch.inf
        banned[len(tokenizer) :] = -torch.inf  # rows that only fill the matrix up
        return cls(
            tokenizer=tokenizer,
            ends=ends,
            banned=banned,
            vocabulary=Vocabulary.of(tokenizer, ends, size),
            begins=beginnings(tokenizer, size),
            beginning=tuple(encode(tokenizer, ())),
        )

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the ids of ``prompt``; in training a text follows an end, so an empty one does, too."""
        return encode(self.tokenizer, prompt) or [min(self.ends, default=0)]

    def recent(self, ids: Sequence[int], context: int) -> list[int]:
        """Return what is read of a text that fills the ``context``: its last half."""
        return [*self.beginning, *ids[-max(1, context // 2) :]]


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """One call of a decoder: rows that continue ``ids``, one a seed, of at most ``room`` tokens each."""

    ids: Sequence[int]
    seeds: Sequence[int]
    sampling: Sampling
    room: int
    halt: Halt
    adapter: str | None = None
    cancelled: bool = False
    left: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.left = set(range(len(self.seeds)))

    def stopped(self, row: int) -> bool:
        """Say whether nobody wants ``row`` any more."""
        return self.cancelled or row in self.halt.rows


class Row:
    """Number ``number`` of a call."""

    def __init__(self, call: Call, number: int, language: Language) -> None:
        sampling = call.sampling
        self.call, self.number = call, number
        self.written: list[int] = []
        self._language = language
        self._throws = throws(call.seeds[number], call.room)
        self._spelling = Spelling(language.tokenizer, call.ids)
        self.runs = Runs(sampling.no_repeat, language.begins) if sampling.no_repeat else None
        vocabulary, grammar = language.vocabulary, sampling.grammar
        self.held = Held(vocabulary, grammar) if vocabulary and grammar else None

    @property
    def sampling(self) -> Sampling:
        """How it is drawn."""
        return self.call.sampling

    @property
    def chance(self) -> Tensor:
        """What its next token is drawn by: two numbers in [0, 1)."""
        return self._throws[len(self.written)]

    @property
    def left(self) -> int:
        """How many tokens it may still have."""
        return self.call.room - len(self.written)

    @property
    def ids(self) -> list[int]:
        """The whole text so far, its prompt included."""
        return [*self.call.ids, *self.written]

    def add(self, token: int, likely: float) -> Chunk:
        """Write ``token``, which the model gave the log-probability ``likely``."""
        self.written.append(token)
        if token in self._language.ends:
            return Chunk(self.number, self._spelling.rest(), 1, "stop", likely)
        text = self._spelling.add(token)
        if self.runs is not None:
            self.runs.add(token, text)
        if self.held is not None:
            self.held.add(token, text)
        if len(self.written) == self.call.room:
            return Chunk(self.number, text or self._spelling.rest(), 1, "length", likely)
        return Chunk(self.number, text, 1, None, likely)


def ruled(scores: Tensor, rows: Sequence[Row], language: Language) -> Tensor:
    """Return ``scores`` [row, vocabulary] without what may not follow."""
    scores = scores + language.banned
    held = [number for number, row in enumerate(rows) if row.held is not None]
    if held and language.vocabulary is not None:
        allowed = language.vocabulary.mask([rows[number].held for number in held]).to(scores.device)  # type: ignore[misc]
        which = _ALL if len(held) == len(rows) else torch.tensor(held, device=scores.device)
        scores[which] = scores[which].masked_fill(~allowed, -torch.inf)
    return ban(scores, [row.runs for row in rows])
