"""Between text and token ids: prompts that cannot be broken into, and text that appears whole."""

from collections.abc import Sequence
from typing import Final

from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from model.tasks import Prompt, text

_CONTEXT: Final = 4  # tokens decoded along, so that a piece is spelt as it is inside a text
_BROKEN: Final = "\ufffd"  # the end of a character is still to come


def encode(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> list[int]:
    """Return the ids of ``prompt``, with the tokenizer's own beginning token if it has one.

    The prompt is encoded in one piece, as in training, with control tokens taken for plain text: our own spans
    hold none, and a member's must not make one.
    """
    ids: list[int] = tokenizer.encode(text(prompt), add_special_tokens=False, split_special_tokens=True)
    return [*_beginning(tokenizer), *ids]


def _beginning(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    around: list[int] = tokenizer.encode("a", add_special_tokens=True)
    bos = tokenizer.bos_token_id
    return [bos] if isinstance(bos, int) and around[:1] == [bos] else []


def control_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the ids that stand for no text."""
    added = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(tokenizer.all_special_ids) | added


class Spelling:
    """The text of one row, token by token, without ever showing half a character."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        fast = isinstance(tokenizer, PreTrainedTokenizerFast)
        self._fast = tokenizer.backend_tokenizer if fast else None  # the same text without what is around it
        self._ids = list(prompt[-_CONTEXT:])
        self._shown = len(self._ids)  # how many of the ids have been shown
        self._start = 0  # from where they are decoded, so that a piece sees what stands before it

    def add(self, token: int) -> str:
        """Return the text that ``token`` completes."""
        self._ids.append(token)
        fresh = self._fresh()
        if fresh.endswith(_BROKEN):
            return ""
        self._start, self._shown = self._shown, len(self._ids)
        return fresh

    def rest(self) -> str:
        """Return what is left at the end of the row, without a broken last character."""
        return self._fresh().rstrip(_BROKEN)

    def _fresh(self) -> str:
        before = self._decode(self._ids[self._start : self._shown])
        return self._decode(self._ids[self._start :])[len(before) :]

    def _decode(self, ids: list[int]) -> str:
        if self._fast is not None:
            return str(self._fast.decode(ids, skip_special_tokens=True))
        written = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return written if isinstance(written, str) else "".join(written)
