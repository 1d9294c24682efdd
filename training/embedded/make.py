"""The embedded writer from the data sets to the folder that ships, one step after the other."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from training import titles
from training.embedded.card import card
from training.embedded.embed import embed
from training.embedded.network import Network
from training.embedded.prepare import FINE, GENRES, SHEETS, documents, prepare
from training.embedded.pretrain import RECEIPT, train, trained
from training.embedded.recipe import Recipe
from training.embedded.schedule import plan
from training.embedded.score import score
from training.embedded.tokenizer import load

POLISHED: Final = "polished"  # the folder of the last part in that of the run


def make(data: Path, work: Path, folder: Path, recipe: Recipe | None = None) -> dict[str, float]:
    """Prepare, train, score and embed; return the scores (bits per byte by task).

    What exists in ``work`` is not made again, so that a killed run goes on where it was.

    Raises:
        MissingFileError, MissingColumnsError: see :mod:`training.sources.base`.
    """
    recipe = recipe or Recipe()
    cache = work / "cache"
    if not (cache / SHEETS).exists():
        prepare(data, cache, recipe)
    if not (cache / "titles.trie").exists():
        titles.build(data / "titles" / "titles.tsv", cache / "titles.trie")
    train(recipe, plan(recipe, documents(cache, "train")), work / "run")
    polish(cache, work / "run")
    return publish(cache, work / "run", folder)


def polish(cache: Path, run: Path) -> Network:
    """Train the network of ``run`` on with the best entries in ``cache``; the result stands in ``run``/polished.

    Raises:
        NothingToLearnError: none of the entries is good enough.
    """
    recipe, network = trained(run)
    last = recipe.polishing()
    return train(last, plan(last, documents(cache, FINE)), run / POLISHED, begin=network)


def publish(
    cache: Path, run: Path, folder: Path, *, written: Mapping[str, Any] | None = None, limits: str = ""
) -> dict[str, float]:
    """Score the network trained in ``run`` and embed it in ``folder`` with its card; return the scores.

    ``cache`` has the prepared documents and ``titles.trie``; ``written`` are the benchmark's figures and ``limits``
    the last section of the card.

    Raises:
        UnfinishedError: the run, or its last part, is not finished.
    """
    prepared = json.loads((cache / SHEETS).read_text("utf-8"))
    recipe, _ = trained(run)
    _, network = trained(run / POLISHED)
    receipts = [json.loads((part / RECEIPT).read_text("utf-8")) for part in (run, run / POLISHED)]
    tokenizer, beside = load(cache), [cache / "titles.trie", cache / GENRES]
    embed(network, tokenizer, run / "candidate", name=recipe.name, card="")
    scores = score(run / "candidate", cache)
    text = card(
        recipe,
        parameters=sum(weight.numel() for weight in network.parameters()),
        prepared=prepared,
        receipts=receipts,
        scores=scores,
        written=written,
        limits=limits,
    )
    facts = {"recipe": asdict(recipe), "data": prepared, "scores": {"bits per byte": scores}, "written": written}
    facts["run"], facts["polished"] = (
        {name: value for name, value in receipt.items() if name not in {"losses", "recipe"}} for receipt in receipts
    )
    embed(network, tokenizer, folder, name=recipe.name, beside=beside, card=text, **facts)
    return scores
