"""Examples as rows of tokens for any Hugging Face model: planned for the whole run, laid when they are read."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count, islice
from math import ceil
from random import Random
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from model.engines.spelling import encode
from model.files import alone
from model.tasks import Span
from training import entries, tokens
from training.corpus import Corpus
from training.entries import Stored
from training.files import room
from training.packing import Document, Piece, lay, pack

IGNORED: Final = -100  # what torch and transformers take for "no loss here"
_TOKENIZED_AT_ONCE: Final = 1000
_PROBE: Final = 8  # positions of each of two documents
_NOISE: Final = 5e-3  # of the largest score: what rounding may do


Fill = Callable[[Sequence[Piece], int], tuple[list[list[Piece]], list[Piece]]]


class TooLittleTextError(ValueError):
    """The text fills ``rows`` rows; one step needs ``wanted``."""

    def __init__(self, rows: int, wanted: int) -> None:
        super().__init__(f"{rows} < {wanted}")
        self.rows, self.wanted = rows, wanted


class NoEndTokenError(ValueError):
    """The tokenizer has no end-of-text token, so no completion would ever end."""


def documents(tokenizer: PreTrainedTokenizerBase, texts: Iterable[tuple[str, str]]) -> list[Document]:
    """Return prompts and completions as token ids with the end marker; control tokens in a text are plain text.

    Prompt and completion are encoded apart, as they are when writing, after the tokenizer's own beginning token if it
    has one. An empty text makes no document.

    Raises:
        NoEndTokenError: the tokenizer has no end-of-text token.
    """
    end = tokenizer.eos_token_id
    if not isinstance(end, int):
        raise NoEndTokenError
    beginning = encode(tokenizer, (Span(""),))
    found: list[Document] = []
    waiting = iter(texts)
    while some := list(islice(waiting, _TOKENIZED_AT_ONCE)):
        prompts, completions = (_ids(tokenizer, list(part)) for part in zip(*some, strict=True))
        for prompt, completion in zip(prompts, completions, strict=True):
            before = [*beginning, *prompt] or [end]  # as a text without a prompt begins when it is written or scored
            found.append(Document(np.array([*before, *completion, end], np.int32), max(1, len(before))))
    return [document for document in found if len(document)]


def corpus_documents(tokenizer: PreTrainedTokenizerBase, corpus: Corpus) -> list[Document]:
    """Return what there is to train on as token ids; a corpus kept in a folder is tokenized once for each tokenizer.

    Raises:
        NoEndTokenError: the tokenizer has no end-of-text token.
    """
    if corpus.folder is None or not isinstance(corpus.train, Stored):
        return documents(tokenizer, ((example.prompt, example.completion) for example in corpus.train))
    kept = corpus.folder / f"train.{_fingerprint(tokenizer)}.npz"
    with room(kept.parent), alone(kept):
        if (found := tokens.load_whole(kept)) is None:
            texts = tqdm(entries.texts(corpus.train.path), "tokens", len(corpus.train), unit=" entries", disable=None)
            tokens.save(found := documents(tokenizer, texts), kept)
    return found


def _fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    probe = encode(tokenizer, (Span("GENRE: a\n“Ünïcode” 123\tend"),))
    told = [sorted(tokenizer.get_vocab().items()), tokenizer.eos_token_id, probe]
    return sha256(json.dumps(told).encode()).hexdigest()[:12]


def _ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    ids: list[list[int]] = tokenizer(
        texts, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False, verbose=False
    )["input_ids"]
    return ids


class DocumentsMixedError(ValueError):
    """The architecture ``kind`` lets a document see the one before it in its row."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@torch.no_grad()
def require_apart(model: Any) -> None:  # noqa: ANN401 -- PEFT's wrapper has no types
    """Raise if one document of a packed row changes what the model makes of the next.

    Most architectures keep them apart by their positions; some do not, and say nothing.

    Raises:
        DocumentsMixedError: it does.
    """
    was_training = model.training
    model.eval()
    places = torch.arange(_PROBE).repeat(2)[None].to(model.device)
    first = torch.arange(2 * _PROBE)[None].to(model.device) % min(100, model.config.get_text_config().vocab_size)
    other = first.clone()
    other[:, :_PROBE] = other[:, :_PROBE].flip(1)
    seen = [
        model(input_ids=ids, position_ids=places, use_cache=False).logits[:, _PROBE:].float() for ids in (first, other)
    ]
    model.train(was_training)
    if float((seen[0] - seen[1]).abs().max()) > _NOISE * max(1.0, float(seen[0].abs().max())):
        raise DocumentsMixedError(model.config.model_type)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of a whole run in order: ``rows`` of pieces, a whole number of steps, the last ones perhaps empty.

    ``seen`` ÷ ``available`` are the positions read at least once and those there are; ``scored`` positions have a
    target, counted over all rows; ``cut`` pieces do not begin where their document does.
    """

    rows: tuple[tuple[Piece, ...], ...]
    steps: int
    seen: int
    available: int
    scored: int
    read: int
    cut: int


def plan(
    found: Sequence[Document],
    *,
    length: int,
    a_step: int,
    epochs: float,
    steps: int,
    seed: int,
    packed: bool = True,
) -> Plan:
    """Lay ``found`` out for the whole run, each epoch shuffled and packed anew, no row padded but the very last.

    ``a_step`` rows make one step. With ``steps`` the run has just so many; else as many as ``epochs`` fill. Not
    ``packed``, every row holds one document, or a piece of one, and padding.

    Raises:
        TooLittleTextError: the text does not fill one step.
    """
    available = sum(map(len, found))
    a_pass = ceil(available / length) if packed else sum(ceil(len(document) / length) for document in found)
    limit = steps * a_step or (None if epochs == int(epochs) else ceil(epochs * a_pass))
    passes = count() if steps else range(ceil(epochs))
    rows = list(
        islice(_passes(found, length, seed, passes if available else (), pack if packed else _one_a_row), limit)
    )
    if len(rows) < a_step:
        raise TooLittleTextError(len(rows), a_step)
    return _counted(rows, found, a_step, available)


def _passes(
    found: Sequence[Document], length: int, seed: int, passes: Iterable[int], fill: Fill
) -> Iterator[tuple[Piece, ...]]:
    random = Random(seed)  # noqa: S311 -- no secret
    rest: list[Piece] = []
    for _ in passes:
        order = [Piece(number, 0, len(document)) for number, document in enumerate(found)]
        random.shuffle(order)
        filled, rest = fill([*rest, *order], length)
        random.shuffle(filled)
        yield from map(tuple, filled)
    yield from map(tuple, _last_rows(rest, length))


def _one_a_row(pieces: Sequence[Piece], length: int) -> tuple[list[list[Piece]], list[Piece]]:
    cut = [
        Piece(piece.document, at, min(at + length, piece.stop))
        for piece in pieces
        for at in range(piece.start, piece.stop, length)
    ]
    return [[piece] for piece in cut], []


def _last_rows(rest: Sequence[Piece], length: int) -> list[list[Piece]]:
    """Return what is left in one or two rows that are not full; a piece that does not fit is cut."""
    rows: list[list[Piece]] = [[]]
    room = length
    for piece in rest:
        at = piece.start
        while at < piece.stop:
            stop = min(piece.stop, at + room)
            rows[-1].append(Piece(piece.document, at, stop))
            room -= stop - at
            at = stop
            if not room:
                rows.append([])
                room = length
    return [row for row in rows if row]


def _counted(rows: list[tuple[Piece, ...]], found: Sequence[Document], a_step: int, available: int) -> Plan:
    missing = -len(rows) % a_step
    pieces = [piece for row in rows for piece in row]
    return Plan(
        rows=(*rows, *[()] * missing),
        steps=(len(rows) + missing) // a_step,
        seen=_covered(pieces, found),
        available=available,
        scored=sum(_scored(piece, found[piece.document]) for piece in pieces),
        read=sum(map(len, pieces)),
        cut=sum(piece.start > 0 for piece in pieces),
    )


def _covered(pieces: Sequence[Piece], found: Sequence[Document]) -> int:
    seen = [np.zeros(len(document), np.bool_) for document in found]
    for piece in pieces:
        seen[piece.document][piece.start : piece.stop] = True
    return int(sum(int(each.sum()) for each in seen))


def _scored(piece: Piece, document: Document) -> int:
    return piece.stop - max(piece.start, min(piece.stop, document.scored_from - 1))


class RowSet(Dataset[dict[str, Tensor]]):
    """The rows of a plan as tensors (length,): ``input_ids``, ``position_ids``, and ``labels``, shifted already.

    Positions begin at 0 with every piece, by which transformers keeps one document from seeing another. ``labels``
    are the *next* tokens (``shift_labels`` says so to whoever counts them).
    """

    def __init__(self, rows: Sequence[tuple[Piece, ...]], found: Sequence[Document], length: int) -> None:
        self._rows, self._found, self._length = rows, found, length

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Return row ``number``."""
        row = self._rows[number]
        laid = lay([row], self._found, self._length)
        targets = torch.from_numpy(laid.targets[0].astype(np.int64))
        targets[targets < 0] = IGNORED
        return {
            "input_ids": torch.from_numpy(laid.tokens[0].astype(np.int64)),
            "position_ids": _positions(row, self._length),
            "labels": targets,
            "shift_labels": targets,
        }


def _positions(row: Sequence[Piece], length: int) -> Tensor:
    runs = [torch.arange(len(piece)) for piece in row]
    filled = sum(map(len, row))
    return torch.cat([*runs, torch.zeros(length - filled, dtype=torch.int64)])
