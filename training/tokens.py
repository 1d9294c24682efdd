"""Documents on disk: one file of tokens a task, read back whole."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from training.packing import Document


def save(documents: Sequence[Document], path: Path) -> None:
    """Write the documents to ``path`` in their order, all of them or none."""
    tokens = np.concatenate([document.tokens for document in documents]) if documents else np.zeros(0, np.int32)
    ends = np.cumsum([len(document.tokens) for document in documents], dtype=np.int64)
    scored_from = np.array([document.scored_from for document in documents], np.int64)
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, tokens=tokens, ends=ends, scored_from=scored_from)
    unfinished.replace(path)


def load_whole(path: Path) -> list[Document] | None:
    """Return the documents written by :func:`save`, or None if there are none or the file is damaged."""
    try:
        return load(path)
    except (OSError, EOFError, ValueError, LookupError, BadZipFile):
        return None


def load(path: Path) -> list[Document]:
    """Return the documents written by :func:`save`."""
    with path.open("rb") as file, np.load(file) as arrays:
        tokens, ends, scored_from = arrays["tokens"], arrays["ends"], arrays["scored_from"]
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    return [Document(tokens[a:b], int(c)) for a, b, c in zip(starts, ends, scored_from, strict=True)]
