"""Rows held to a grammar: before each token, which ones may follow (llguidance reads the grammars)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Self

import llguidance
import llguidance.hf
import numpy as np
import structlog
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from model.grammar import Grammar

_KEPT: Final = 64  # grammars compiled
log = structlog.get_logger()


class GrammarError(ValueError):
    """The rules are no grammar, or none that this vocabulary can be held to."""


class Vocabulary:
    """The tokens of one tokenizer as the grammars see them; made once a model."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, ends: frozenset[int], size: int) -> None:
        """Take the tokens that end a text, and how many scores the model gives (``size``, at least the tokens).

        Raises:
            ValueError: nothing ends a text, or the tokenizer does not tell which bytes its tokens are.
        """
        self.size = size
        self._made = llguidance.hf.from_tokenizer(tokenizer, n_vocab=max(size, len(tokenizer)), eos_token=sorted(ends))
        self._compiled = lru_cache(_KEPT)(self._compile)

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, ends: frozenset[int], size: int) -> Self | None:
        """Return the vocabulary, or None if rows of this tokenizer can only be left free."""
        try:
            return cls(tokenizer, ends, size) if isinstance(tokenizer, PreTrainedTokenizerFast) else None
        except ValueError as error:
            log.warning("no_grammar", reason=str(error).partition("\n")[0][:200])
            return None

    def matcher(self, rules: str) -> llguidance.LLMatcher:
        """Return what follows ``rules`` (Lark) token by token.

        Raises:
            GrammarError: they are no grammar.
        """
        return self._compiled(rules).deep_copy()

    def _compile(self, rules: str) -> llguidance.LLMatcher:
        made = llguidance.LLMatcher(self._made, llguidance.LLMatcher.grammar_from_lark(rules), log_level=0)
        if made.is_error():
            raise GrammarError(made.get_error())
        return made

    def mask(self, rows: Sequence["Held"]) -> Tensor:
        """Return which tokens may follow, (rows, size) of booleans."""
        masks = np.stack([row.mask() for row in rows])
        bits = np.unpackbits(masks, axis=1, bitorder="little")[:, : self.size]
        return torch.from_numpy(bits).bool()

    @property
    def everything(self) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """The mask of a row that is free."""
        return np.full(-(-self._made.vocab_size // 32) * 4, 255, np.uint8)


class Held:
    """One row and the grammar it is held to; where the grammar cannot follow it any more, it is free."""

    def __init__(self, vocabulary: Vocabulary, grammar: Grammar) -> None:
        self._vocabulary, self._grammar = vocabulary, grammar
        self._written = ""
        self._matcher: llguidance.LLMatcher | None = None
        self._follow("")

    def _follow(self, written: str) -> None:
        if (rules := self._grammar(written)) is None:
            return
        try:
            self._matcher = self._vocabulary.matcher(rules)
        except GrammarError as error:
            log.warning("no_grammar", reason=str(error).partition("\n")[0][:200])
            self._matcher = None

    def mask(self) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """Return a bit a token: whether it may follow."""
        if self._matcher is None:
            return self._vocabulary.everything
        return np.frombuffer(self._matcher.compute_bitmask(), np.uint8)

    def add(self, token: int, text: str) -> None:
        """Go on after ``token``, which completed ``text``."""
        if self._matcher is not None and not self._matcher.consume_token(token):
            self._matcher = None
        self._written += text
        if text.endswith("\n"):
            self._follow(self._written)
