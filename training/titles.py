"""The index of titles that exist, built once and shipped beside the weights."""

from pathlib import Path

from model.originality import TitleIndex
from training.sources import titles


def build(table: Path, path: Path) -> int:
    """Write the index of every title of the tab-separated ``table`` to ``path``; return how many keys it holds.

    Raises:
        MissingFileError, MissingColumnsError: see :mod:`training.sources.base`.
    """
    return TitleIndex.build(titles.read(table), path)
