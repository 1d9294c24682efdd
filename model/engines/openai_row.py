"""One row of text from a completions server: a request, or several where the window slides or a line has rules."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

import structlog

from model.decoder import Chunk, Sampling
from model.engines.openai_server import Piece, RefusedError
from model.engines.spelling import Spelling

_STRIDE: Final = 0x9E3779B97F4A7C15  # between the seeds of one row's requests: chance does not begin anew with each
_LARGEST: Final = (1 << 63) - 1  # of the seeds
log = structlog.get_logger()

Ask = Callable[[dict[str, object]], AsyncGenerator[Piece]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a server does beyond OpenAI's own interface.

    ``ids``: it tells the tokens that it draws; ``extras``: it draws by top-k and min-p; ``grammar``: it holds a text to
    a grammar in Lark's notation.
    """

    ids: bool
    extras: bool
    grammar: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How every row is asked for: the model's name, its tokens, and what the server can do."""

    model: str
    context: int
    ends: frozenset[int]
    banned: tuple[int, ...]
    beginning: tuple[int, ...]
    can: Abilities

    def body(
        self, ids: Sequence[int], seed: int, sampling: Sampling, rules: str | None, room: int
    ) -> dict[str, object]:
        """Return the request that continues ``ids`` by at most ``room`` tokens."""
        asked: dict[str, object] = {
            "model": self.model,
            "prompt": list(ids),
            "max_tokens": room,
            "temperature": max(sampling.temperature, 0.0),
            "top_p": sampling.top_p,
            "seed": seed,
            "logprobs": 1,
            "logit_bias": {str(number): -100 for number in self.banned},
        }
        if self.can.ids:
            asked["return_token_ids"] = True
        if self.can.extras:  # the repetition penalty, because the model's folder may set another
            asked |= {"top_k": sampling.top_k, "min_p": sampling.min_p, "repetition_penalty": 1.0}
            asked["stop_token_ids"] = sorted(self.ends)
        if rules is not None:
            asked["structured_outputs"] = {"grammar": _lark(rules)}
        return asked

    def able(self, can: Abilities) -> "Manners":
        """Return the same for a server that can do other things."""
        return replace(self, can=can)

    def recent(self, ids: Sequence[int]) -> list[int]:
        """Return what is read of a text that fills the context: its last half."""
        return [*self.beginning, *ids[-max(1, self.context // 2) :]]


def _lark(rules: str) -> str:
    """Return the rules so that nothing in them looks like another notation's sign (a member may write one)."""
    return rules.replace("::=", r":\u003a=")


class Row:
    """Row ``number`` of a call; ``ask`` sends a request."""

    def __init__(
        self,
        number: int,
        ask: Ask,
        manners: Manners,
        sampling: Sampling,
        spelling: Spelling,
        ids: Sequence[int],
        seed: int,
    ) -> None:
        self._number, self._ask, self._manners, self._sampling = number, ask, manners, sampling
        self._spelling = spelling
        self._ids = list(ids)  # what the next request reads
        self._left = sampling.max_tokens if self._slides else min(sampling.max_tokens, manners.context - len(ids))
        self._seed = seed
        self._written = ""
        self._grammar = sampling.grammar if manners.can.grammar and manners.can.ids else None
        self._rules = self._grammar("") if self._grammar else None
        self._turned = False  # other rules hold from here

    @property
    def _slides(self) -> bool:
        return self._sampling.slide and self._manners.can.ids

    async def write(self) -> AsyncGenerator[Chunk]:
        """Yield the row's chunks; the last has an ``end``. Closing stops the server's work.

        Raises:
            RefusedError, EngineError: see :meth:`model.engines.openai_server.Server.complete`.
        """
        while True:
            if len(self._ids) >= self._manners.context:
                self._ids = self._manners.recent(self._ids)
            async with aclosing(self._request()) as chunks:
                async for chunk in chunks:
                    yield chunk
                    if chunk.end is not None:
                        return
            self._seed = (self._seed + _STRIDE) & _LARGEST

    async def _request(self) -> AsyncGenerator[Chunk]:
        """Yield what one request brings: to the row's end, the end of its rules, or that of the window."""
        room = min(self._left, self._manners.context - len(self._ids))
        rules, self._turned = self._rules, False
        body = self._manners.body(self._ids, self._seed, self._sampling, rules, room)
        before = self._left
        try:
            async with aclosing(self._ask(body)) as pieces:
                async for piece in pieces:
                    for chunk in self._read(piece):
                        yield chunk
                        if chunk.end is not None or self._turned:
                            return
                    if piece.end is not None and len(self._ids) < self._manners.context:  # sooner than we asked for
                        yield Chunk(self._number, self._spelling.rest(), 0, piece.end)
        except RefusedError as error:
            if rules is None or before != self._left:
                raise
            log.warning("no_grammar", reason=error.said.partition("\n")[0][:200])
            self._rules = None  # the row is free from here

    def _read(self, piece: Piece) -> Iterator[Chunk]:
        if not self._manners.can.ids:
            yield Chunk(self._number, piece.text, max(1, len(piece.likely)), piece.end, sum(piece.likely))
            return
        for place, token in enumerate(piece.ids, 1):
            likely = piece.likely[place - 1] if place <= len(piece.likely) else 0.0
            yield self._chunk(token, likely, stops=piece.end == "stop" and place == len(piece.ids))

    def _chunk(self, token: int, likely: float, *, stops: bool) -> Chunk:
        self._left -= 1
        if token in self._manners.ends:
            return Chunk(self._number, self._spelling.rest(), 1, "stop", likely)
        text = self._spelling.add(token)
        self._ids.append(token)
        self._written += text
        if text.endswith("\n") and self._grammar and (rules := self._grammar(self._written)) is not None:
            self._rules, self._turned = rules, True
        if stops and not self._turned:
            return Chunk(self._number, text or self._spelling.rest(), 1, "stop", likely)
        if self._left == 0:
            return Chunk(self._number, text or self._spelling.rest(), 1, "length", likely)
        return Chunk(self._number, text, 1, None, likely)
