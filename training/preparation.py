"""From the raw data sets to the four tasks' entries: unpacked, read, cleaned, renamed, cut, split, and kept on disk."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

from tqdm import tqdm

from model.briefs import Theme
from model.checkpoint import sha256 as sha256_of
from model.files import alone
from model.profanity import Tier, tier
from training import entries, lessons, sources, themes
from training.archives import located, unpacked
from training.corpus import Corpus
from training.examples import Example, held_out
from training.files import room
from training.leads import leads_of
from training.lessons import LeftOut
from training.names import Renamer
from training.recipe import Preparation
from training.records import Record, Scene, Synopsis, Text
from training.sources.base import FileError, Source, SourceError
from training.sources.first_names import by_decade

VERSION: Final = 3  # of what this file makes; raise it and every cache is made anew
OLDEST: Final = 1850  # year of a work that can be played today
SHEETS: Final = "prepared.json"
NAMES: Final = "ssa-names"
SPLITS: Final = ("train", "held-out")
_Find = Callable[[Sequence[str]], list[tuple[Theme, ...]]]
FindThemes = Callable[[Sequence[str], Path], list[tuple[Theme, ...]]]


class UnknownSourceError(SourceError):
    """There is no source called ``name``, or it is not in the data."""

    def __init__(self, name: str, there: Sequence[str]) -> None:
        super().__init__(name)
        self.name, self.there = name, tuple(there)


class NamesMissingError(FileError):
    """There is no folder with given names in ``path``."""


def prepare(data: Path, cache: Path, wanted: Preparation, *, find_themes: FindThemes | None = None) -> Corpus:
    """Return the entries of every source in ``data``, split by work; made once and kept below ``cache``.

    ``data`` holds the data sets as published, unpacked or packed, or is one of them. What was made from the same
    files by the same ``wanted`` is read back in seconds.

    Raises:
        SourceError: a data set is missing, broken or unknown; see :mod:`training.sources.base`.
        NamesMissingError: given names are asked for, and there are none.
        EmptyCorpusError: nothing in it makes an entry.
        NoSpaceError: the disk of ``cache`` is full.
    """
    root = unpacked(data, cache)
    there = located(root)
    folders = _chosen(there, wanted)
    names = (root.parent if root in there.values() else root) / NAMES
    folder = cache / f"entries-{_key(names, there, wanted)[:16]}"  # a source may look into its neighbour
    with room(cache), alone(folder):
        if not _is_whole(folder):
            find = find_themes or partial(themes.find, phrases=wanted.phrases, diversity=wanted.diversity)
            _make(folders, names, folder, wanted, lambda told: find(told, cache / "themes.jsonl"))
    return read(folder)


def _is_whole(folder: Path) -> bool:
    """Say whether the entries in ``folder`` are all there, as they were written."""
    try:
        hashes = json.loads((folder / SHEETS).read_text("utf-8"))["files"]
        return all(sha256_of(folder / f"{split}.jsonl") == hashes[split] for split in SPLITS)
    except (OSError, ValueError, LookupError, TypeError):  # each a kind of damage: it is made anew
        return False


def read(folder: Path) -> Corpus:
    """Return the corpus that :func:`prepare` wrote to ``folder``."""
    facts = json.loads((folder / SHEETS).read_text("utf-8"))
    train, judged = (
        entries.Stored(folder / f"{split}.jsonl", sum(facts["counts"][split].values())) for split in SPLITS
    )
    return Corpus(train=train, held_out=judged, facts=facts, folder=folder)


def source_called(name: str) -> Source:
    """Return the source called ``name``.

    Raises:
        UnknownSourceError: there is none.
    """
    every = sources.known()
    if name not in every:
        raise UnknownSourceError(name, sorted(every))
    return every[name]


def table(facts: Mapping[str, Any]) -> str:
    """Return the entries of each task and source as a Markdown table: trained on / held out."""
    tasks = ("pitch", "dialog", "script", "staging", "prose")
    rows = [["source", *tasks]]
    for source, counted in facts["entries"].items():
        pairs = [(counted.get(f"train.{task}", 0), counted.get(f"held-out.{task}", 0)) for task in tasks]
        rows.append([source, *(f"{train:,} / {judged:,}" if train + judged else "" for train, judged in pairs)])
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _chosen(folders: Mapping[str, Path], wanted: Preparation) -> dict[str, Path]:
    for name in wanted.only:
        if name not in folders:
            raise UnknownSourceError(name, sorted(folders))
    every = sources.known()
    free_first = sorted(folders, key=lambda name: (not every[name].publishable, name))  # the first of a work is kept
    return {
        name: folders[name]
        for name in free_first
        if (not wanted.only or name in wanted.only) and (every[name].publishable or not wanted.publishable)
    }


def _key(names: Path, folders: Mapping[str, Path], wanted: Preparation) -> str:
    found = sha256(json.dumps([VERSION, asdict(wanted)], sort_keys=True, default=str).encode())
    for name, folder in sorted({**folders, NAMES: names}.items()):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                about = path.stat()
                found.update(f"{name}/{path.relative_to(folder)}:{about.st_size}:{about.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _make(folders: Mapping[str, Path], names: Path, folder: Path, wanted: Preparation, find: _Find) -> None:
    left_out: LeftOut = Counter()
    split: dict[str, list[Example]] = {name: [] for name in SPLITS}
    for example in _speakable(
        _examples(folders, names, wanted, find, left_out), Tier[wanted.strongest.upper()], left_out
    ):
        split["held-out" if held_out(example.work) else "train"].append(example)
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, found in split.items():
        entries.save(found, unfinished / f"{name}.jsonl")
    corpus = Corpus(train=split["train"], held_out=split["held-out"])
    facts = {"preparation": asdict(wanted), "digest": corpus.digest, "counts": corpus.counts()}
    facts |= {"entries": _counted(split), "left out": dict(left_out)}
    facts["files"] = {split: sha256_of(unfinished / f"{split}.jsonl") for split in SPLITS}
    facts["licences"] = {name: sources.known()[name].licence for name in folders}
    (unfinished / SHEETS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", "utf-8")
    shutil.rmtree(folder, ignore_errors=True)  # a damaged one
    unfinished.rename(folder)


def _examples(
    folders: Mapping[str, Path], names: Path, wanted: Preparation, find: _Find, left_out: LeftOut
) -> Iterator[Example]:
    random = Random(wanted.seed)  # noqa: S311 -- no secret
    synopses, scenes, texts = _sorted(folders, wanted.most)
    kept = lessons.shows(synopses, left_out)
    yield from lessons.pitches(kept, find, draws=wanted.draws, random=random, left_out=left_out)
    if wanted.modern:
        scenes = [replace(scene, year=None) for scene in scenes if (scene.year or OLDEST) >= OLDEST]
    if wanted.diversified and scenes:
        if not names.is_dir():
            raise NamesMissingError(names.parent)
        renamer = Renamer(by_decade(names), seed=wanted.seed, leads=leads_of(scenes), most=wanted.names)
        scenes = list(tqdm(renamer.renamed(scenes), desc="names", unit=" scenes", total=len(scenes), disable=None))
    yield from lessons.staged(
        scenes, words=wanted.words, speech=wanted.speech, modern=wanted.modern, random=random, left_out=left_out
    )
    yield from lessons.read_on(texts, words=wanted.words)


def _sorted(folders: Mapping[str, Path], most: int) -> tuple[list[Synopsis], list[Scene], list[Text]]:
    """Read every source; return what it has by kind."""
    synopses: list[Synopsis] = []
    scenes: list[Scene] = []
    texts: list[Text] = []
    for name, folder in tqdm(folders.items(), desc="reading", unit="source", disable=None):
        for record in _some(list(sources.known()[name].read(folder)), most):
            match record:
                case Synopsis():
                    synopses.append(record)
                case Scene():
                    scenes.append(record)
                case Text():
                    texts.append(record)
    return synopses, scenes, texts


def _some(records: list[Record], most: int) -> list[Record]:
    return records if not most or len(records) <= most else [records[n * len(records) // most] for n in range(most)]


def _speakable(examples: Iterable[Example], strongest: Tier, left_out: LeftOut) -> Iterator[Example]:
    for example in examples:
        found = max(map(_tier, f"{example.prompt}\n{example.completion}".split("\n")))
        if found <= strongest:
            yield example
        else:
            left_out[f"language: {found.name.lower()}"] += 1


@lru_cache(maxsize=4096)
def _tier(line: str) -> Tier:
    return tier(line)  # a page's lines come again in each of its tasks


def _counted(split: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for name, found in split.items():
        for example in found:
            counts.setdefault(example.source, Counter())[f"{name}.{example.task}"] += 1
    return {source: dict(counted) for source, counted in counts.items()}
