"""What a retraining goes on from: the active adapter, or the youngest before it that nothing was taken back from.

Weights that learnt from a vote which has since been deleted cannot unlearn it. So the deleted is left behind: an
adapter whose lineage holds a mark that is not there any more is passed over for what it was made from.
"""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model import checkpoint
from model.adapters import Store
from model.engines import AdapterMissingError

COMMUNITY: Final = "community"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An adapter to go on from with its ``lineage``; without a name it is the base."""

    name: str | None = None
    folder: Path | None = None
    lineage: frozenset[str] = frozenset()


def start(store: Store, usable: Set[str]) -> Start:
    """Return what to go on from where the marks ``usable`` are all that may be learnt from.

    Raises:
        CheckpointError, StoreError: the store cannot be read.
    """
    name = store.active()
    while name is not None:
        try:
            folder = store.path(name)
        except AdapterMissingError:
            break  # pruned since; what it was made from is not known
        told = told_of(folder)
        lineage = frozenset(told["lineage"]) if told else frozenset()
        if lineage <= usable:
            return Start(name=name, folder=folder, lineage=lineage)
        name = told["start"] if told else None
    return Start()


def told_of(folder: Path) -> dict[str, Any] | None:
    """Return what an adapter's manifest tells of the community it learnt from; None of one that is made otherwise."""
    told = checkpoint.described(folder).facts.get(COMMUNITY)
    return told if isinstance(told, dict) else None


def root(store: Store, name: str | None) -> Start:
    """Return the adapter by hand, or the base, at the beginning of the line that leads to ``name``."""
    while name is not None:
        try:
            folder = store.path(name)
        except AdapterMissingError:
            break
        told = told_of(folder)
        if told is None:
            return Start(name=name, folder=folder)
        name = told["start"]
    return Start()
