"""Rows held to a grammar: before each token, which ones may follow (llguidance reads the grammars)."""

from collections.abc import Sequence

import llguidance
import llguidance.hf
import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from model.grammar import Grammar


class Vocabulary:
    """The tokens of one tokenizer as the grammars see them; made once a model."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, ends: frozenset[int], size: int) -> None:
        """Take the tokens that end a text, and how many scores the model gives (``size``, at least the tokens)."""
        self.ends = sorted(ends)
        self.size = size
        self._made = llguidance.hf.from_tokenizer(tokenizer, n_vocab=max(size, len(tokenizer)), eos_token=self.ends)

    def matcher(self, rules: str) -> llguidance.LLMatcher:
        """Return what follows ``rules`` (Lark) token by token.

        Raises:
            ValueError: they are no grammar.
        """
        made = llguidance.LLMatcher(self._made, llguidance.LLMatcher.grammar_from_lark(rules))
        if made.is_error():
            raise ValueError(made.get_error())
        return made

    def mask(self, rows: Sequence["Held"]) -> Tensor:
        """Return which tokens may follow, (rows, size) of booleans."""
        masks = np.stack([np.frombuffer(row.matcher.compute_bitmask(), np.uint8) for row in rows])
        bits = np.unpackbits(masks, axis=1, bitorder="little")[:, : self.size]
        return torch.from_numpy(bits).bool()


class Held:
    """One row and the grammar it is held to."""

    def __init__(self, vocabulary: Vocabulary, grammar: Grammar) -> None:
        self._vocabulary, self._grammar = vocabulary, grammar
        self._written = ""
        rules = grammar("")
        assert rules is not None  # noqa: S101 -- every grammar says how a text begins
        self.matcher = vocabulary.matcher(rules)

    def add(self, token: int, text: str) -> None:
        """Go on after ``token``, which completed ``text``."""
        self.matcher.consume_token(token)
        self._written += text
        if text.endswith("\n") and (rules := self._grammar(self._written)) is not None:
            self.matcher = self._vocabulary.matcher(rules)
