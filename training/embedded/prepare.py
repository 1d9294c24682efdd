"""From the data sets to documents: shows and plays become examples, examples become tokens, once and on disk."""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from tokenizers import Tokenizer

from model.briefs import Theme
from training import cleaning, themes, tokens
from training.cleaning import Show
from training.embedded import tokenizer
from training.embedded.casting import cast_anew
from training.embedded.companies import Names
from training.embedded.pages import Page, pages
from training.embedded.recipe import Recipe
from training.examples import TASKS, Example, Task, held_out, page_entries, passages, pitches
from training.loglines import Rarity, logline
from training.packing import Document
from training.sources import first_names, plays, prose, streaming

SHEETS: Final = "prepared.json"
_SAMPLE: Final = 12_000  # examples of a task the vocabulary is learnt from
FindThemes = Callable[[Sequence[str], Path], list[tuple[Theme, ...]]]
log: Final = logging.getLogger(__name__)


def prepare(data: Path, cache: Path, recipe: Recipe, *, find_themes: FindThemes = themes.find) -> None:
    """Write vocabulary and documents of every task, for training and held out, to ``cache``.

    ``find_themes`` brings the themes of summaries and keeps them in a file.
    ``data`` has the folders ``streaming``, ``plays``, ``prose`` and ``ssa-names`` as published.

    Raises:
        MissingFileError, MissingColumnsError: see :mod:`training.sources.base`.
    """
    cache.mkdir(parents=True, exist_ok=True)
    random = Random(recipe.seed)  # noqa: S311 -- no secret
    examples: dict[tuple[str, Task], list[Example]] = defaultdict(list)
    for example in _examples(data, recipe, random, lambda told: find_themes(told, cache / "themes.jsonl")):
        examples["held-out" if held_out(example.work) else "train", example.task].append(example)
    vocabulary = _learn(examples, recipe)
    vocabulary.save(str(cache / "tokenizer.json"))
    facts: dict[str, object] = {"sources": _fingerprints(data)}
    for (split, task), found in examples.items():
        documents = tokenizer.encode(vocabulary, found)
        tokens.save(documents, cache / f"{split}.{task}.npz")
        works = len({example.work for example in found})
        facts[f"{split}.{task}"] = {"works": works, "entries": len(found), "positions": sum(map(len, documents))}
        log.info("%s %s: %s", split, task, facts[f"{split}.{task}"])
    (cache / SHEETS).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def documents(cache: Path, split: str) -> dict[Task, list[Document]]:
    """Return what :func:`prepare` wrote for ``split`` (``train`` or ``held-out``), by task."""
    return {task: tokens.load(path) for task in TASKS if (path := cache / f"{split}.{task}.npz").exists()}


def _examples(
    data: Path, recipe: Recipe, random: Random, find: Callable[[Sequence[str]], list[tuple[Theme, ...]]]
) -> Iterator[Example]:
    found = shows(data / "streaming")
    their_themes = find([show.summary for show in found])
    for _ in range(recipe.epochs):
        yield from _shuffled(pitches(found, their_themes, random), random)
    yield from _stories(data, recipe, random)
    yield from _played(data, recipe, random)


def shows(folder: Path) -> list[Show]:
    """Return the clean shows of the catalogues in ``folder``, every title once."""
    found: dict[str, Show] = {}
    for listing in streaming.read(folder):
        show = cleaning.show(listing)
        if show:
            found.setdefault(cleaning.key(show.title), show)
    return list(found.values())


def _stories(data: Path, recipe: Recipe, random: Random) -> Iterator[Example]:
    every = [passage for chapter in prose.read(data / "prose") for passage in passages(chapter.book, chapter.text)]
    yield from random.sample(every, min(recipe.passages, len(every)))


def _played(data: Path, recipe: Recipe, random: Random) -> Iterator[Example]:
    names = Names(first_names.read(data / "ssa-names"))
    found = [page for play in plays.read(data / "plays") for page in pages(play, random)]
    rarity = Rarity(" ".join(turn.speech for turn in page.script.turns) for page in found)
    random.shuffle(found)
    for page in found[: recipe.pages]:
        yield from _versions(page, names, rarity, random)


def _versions(page: Page, names: Names, rarity: Rarity, random: Random) -> Iterator[Example]:
    """Yield one entry a task, each with a cast of its own."""
    for wanted in range(3):
        script = cast_anew(page.script, names, random)
        told = logline(script, rarity, random)
        if told:
            yield list(page_entries(page.work, script, told))[wanted]


def _shuffled(examples: Iterator[Example], random: Random) -> list[Example]:
    every = list(examples)
    random.shuffle(every)
    return every


def _learn(examples: Mapping[tuple[str, Task], Sequence[Example]], recipe: Recipe) -> Tokenizer:
    texts = (
        example.prompt + example.completion
        for (split, task), found in examples.items()
        if split == "train" and task != "staging"
        for example in found[:_SAMPLE]
    )
    return tokenizer.learn(texts, recipe.vocabulary)


def _fingerprints(data: Path) -> dict[str, str]:
    used = [data / "plays" / plays.FILE, data / "prose" / prose.FILE, data / "ssa-names" / first_names.FILE]
    used += sorted((data / "streaming").glob("*_titles.csv"))
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in used}
