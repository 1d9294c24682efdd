"""From the data sets to documents: entries of the four tasks as tokens of their own vocabulary, once and on disk."""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from tokenizers import Tokenizer

from training import preparation, tokens
from training.embedded import tokenizer
from training.embedded.genres import genre_words
from training.embedded.polish import fine
from training.embedded.recipe import Recipe
from training.examples import TASKS, Example, Task
from training.packing import Document
from training.preparation import FindThemes

FINE: Final = "fine"  # the split of the best, which are in "train" as well
GENRES: Final = "genres.json"
SHEETS: Final = "prepared.json"
_SPLITS: Final = ("train", FINE, "held-out")
_SAMPLE: Final = 12_000  # examples of a task the vocabulary is learnt from
log: Final = logging.getLogger(__name__)


def prepare(data: Path, cache: Path, recipe: Recipe, *, find_themes: FindThemes | None = None) -> None:
    """Write vocabulary and documents of every task, for training and held out, to ``cache``.

    ``data`` has the data sets as published; only what may go into published weights is used. ``find_themes`` brings
    the themes of summaries and keeps them in a file.

    Raises:
        SourceError, EmptyCorpusError: see :func:`training.preparation.prepare`.
    """
    corpus = preparation.prepare(data, cache, recipe.preparation, find_themes=find_themes)
    random = Random(recipe.seed)  # noqa: S311 -- no secret
    examples: dict[tuple[str, Task], list[Example]] = defaultdict(list)
    for split, found in (("train", corpus.train), ("held-out", corpus.held_out)):
        for example in random.sample(found, len(found)):
            examples[split, example.task].append(example)
            if split == "train" and fine(example):
                examples[FINE, example.task].append(example)
    vocabulary = _learn(examples, recipe)
    vocabulary.save(str(cache / "tokenizer.json"))
    told = genre_words(example for (split, _), found in examples.items() if split == "train" for example in found)
    (cache / GENRES).write_text(json.dumps(told, indent=0, ensure_ascii=False) + "\n", "utf-8")
    facts: dict[str, object] = {"digest": corpus.digest, "licences": corpus.facts["licences"]}
    facts |= {"entries": corpus.facts["entries"], "left out": corpus.facts["left out"]}
    for split, task in sorted(examples, key=lambda which: (_SPLITS.index(which[0]), TASKS.index(which[1]))):
        found = examples[split, task]
        documents = tokenizer.encode(vocabulary, found)
        tokens.save(documents, cache / f"{split}.{task}.npz")
        works = len({example.work for example in found})
        facts[f"{split}.{task}"] = {"works": works, "entries": len(found), "positions": sum(map(len, documents))}
        log.info("%s %s: %s", split, task, facts[f"{split}.{task}"])
    (cache / SHEETS).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def documents(cache: Path, split: str) -> dict[Task, list[Document]]:
    """Return what :func:`prepare` wrote for ``split`` (``train``, ``fine`` or ``held-out``), by task."""
    return {task: tokens.load(path) for task in TASKS if (path := cache / f"{split}.{task}.npz").exists()}


def _learn(examples: Mapping[tuple[str, Task], Sequence[Example]], recipe: Recipe) -> Tokenizer:
    texts = (
        example.prompt + example.completion
        for (split, task), found in examples.items()
        if split == "train" and task != "staging"
        for example in found[:_SAMPLE]
    )
    return tokenizer.learn(texts, recipe.vocabulary)
