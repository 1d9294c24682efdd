"""How much of a show's cast is left after renaming: Friends before and after, and what the renaming gets wrong.

    python -m benchmarks.training.names --data DIR [--seed 1]

DIR holds ``friends-corpus`` and ``ssa-names`` as unpacked, and where they are there ``friends-summaries``,
``the-office``, ``avatar`` and ``movie-corpus``. The leads' names are looked for by a pattern of its own, made without
the code that replaces them; whatever merely resembles one ("Monicuddle") is listed. Whether the sex is kept is judged
by the genders that the Cornell corpus gives for its characters. Words that are names as well ("Will you, Will?") are
judged on a list of sentences written for it.
"""

import argparse
import json
import platform
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.training.words_or_names import WORD_OR_NAME
from training.given_names import GivenNames
from training.landmarks import gives_away
from training.leads import leads_of, texts
from training.names import Renamer
from training.records import Line, Scene, Synopsis
from training.sources import known
from training.sources.first_names import by_decade

RESULTS = Path(__file__).parents[1] / "results" / "training-names.json"
FIRST = re.compile(
    r"(?<!['’])\b(?:Rach(?:el|y|ie|e)?|RACH(?:EL)?|Moni(?:ca|que?a)|MONICA|Mon|MON|Ph?o?eb(?:e|s)+|PHOEBE|Pheebs?|PHEEBS"
    r"|Chan(?:dler|dy)?|CHANDLER|CHAN|Ross(?:y|ie)?|ROSS|Joey|JOEY|Joe|JOE|monica|rachel|phoebe|pheebs|chandler|joey"
    r"|Chander|Chandelr)(?:s\b|\b)"
)
LAST = re.compile(r"\b(?:Gell?er|GELLER|Tribb?iann?i|TRIBBIANI|Buffay|BUFFAY|Bing|BING|Green|GREEN)s?\b")
RESEMBLES = re.compile(r"\w*(?:rach|monic|phe?o?eb|pheeb|chandl|ross|joey|geller|tribb|buffay)\w*", re.I)
HARMLESS = re.compile(r".*(?:across|cross|gross|parach|floss|gloss|bross|rosso|albatross|embross).*", re.I)
OTHER_LEADS = {  # leads of the other two shows
    "The Office": r"Michael|Dwight|Jim|Pam|Andy|Schrute|Halpert|Bees?le?y|Flenderson|Kapoor",
    "Avatar": r"Aang|Katara|Sokka|Toph|Zuko|Iroh|Azula|Ozai",
}


def fields(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield every text of a scene with the kind of place where it stands."""
    yield "titles", scene.title
    yield from (("summaries", text) for text in (scene.summary, scene.opening) if text)
    for line in scene.lines:
        yield from (("cues", text) for text in (line.speaker,) if text)
        yield "speeches" if line.speaker else "directions", line.noted or line.text


def shares(scenes: Sequence[Scene]) -> dict[str, object]:
    """Return where the leads and the places are still named."""
    kinds: defaultdict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    whole: list[tuple[bool, bool, bool]] = []
    for scene in scenes:
        found = [(kind, _told(text)) for kind, text in fields(scene)]
        for kind, told in found:
            kinds[kind].append(told)
        whole.append(_any(told for _, told in found))
    return {"scenes": _rates(whole), **{kind: _rates(rows) for kind, rows in kinds.items()}}


def _told(text: str) -> tuple[bool, bool, bool]:
    return FIRST.search(text) is not None, LAST.search(text) is not None, gives_away(text)


def _any(rows: Iterable[tuple[bool, bool, bool]]) -> tuple[bool, bool, bool]:
    first, last, place = zip(*rows, strict=True)
    return any(first), any(last), any(place)


def _rates(rows: Sequence[tuple[bool, bool, bool]]) -> dict[str, float]:
    names = ("a lead's first name", "a lead's surname", "a place")
    return {"number": len(rows)} | {
        name: round(sum(column) / len(rows), 5) for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def left(scenes: Iterable[Scene]) -> dict[str, dict[str, int]]:
    """Return the words that are left of the leads' names, and the words that resemble one."""
    names, like = Counter[str](), Counter[str]()
    for scene in scenes:
        for _, text in fields(scene):
            names.update(match[0] for pattern in (FIRST, LAST) for match in pattern.finditer(text))
            like.update(word for word in RESEMBLES.findall(text) if not HARMLESS.match(word))
    return {"names": dict(names.most_common()), "resembling": dict(like.most_common(40))}


def diversity(scenes: Sequence[Scene]) -> dict[str, float]:
    """Return how many first words the cues have, and the share of speeches of the six most frequent."""
    spoken = Counter(line.speaker.split()[0] for scene in scenes for line in scene.lines if line.speaker)
    works: defaultdict[str, set[str]] = defaultdict(set)
    for scene in scenes:
        works[scene.work].update(line.speaker.split()[0] for line in scene.lines if line.speaker)
    six = sum(count for _, count in spoken.most_common(6))
    return {
        "distinct": len(spoken),
        "distinct an episode": round(sum(map(len, works.values())) / len(works), 1),
        "share of speeches by the six most frequent": round(six / spoken.total(), 4),
    }


def clashes(old: Sequence[Scene], new: Sequence[Scene]) -> int:
    """Return how many cues of a work share their new cue with another."""
    taken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for before, after in zip(old, new, strict=True):
        for one, other in zip(before.lines, after.lines, strict=True):
            if one.speaker and other.speaker:
                taken[before.work, other.speaker].add(one.speaker)
    return sum(len(cues) - 1 for cues in taken.values())


def show(name: str, renamer: Renamer, scenes: Sequence[Scene]) -> dict[str, object]:
    """Return the share of the scenes of another show with a lead or a place, before and after."""
    pattern = re.compile(rf"\b(?:{OTHER_LEADS[name]})\b")
    renamed = list(renamer.renamed(scenes))
    return {
        when: {
            "scenes with a lead": round(sum(_has(pattern, scene) for scene in some) / len(some), 5),
            "scenes with a place": round(sum(any(map(gives_away, texts(scene))) for scene in some) / len(some), 5),
        }
        for when, some in (("before", scenes), ("after", renamed))
    }


def _has(pattern: re.Pattern[str], scene: Scene) -> bool:
    return any(pattern.search(text) for _, text in fields(scene))


def kept_sex(data: Path, names: GivenNames, renamer: Renamer) -> dict[str, object]:
    """Return how often a film character's new name is of the gender that Cornell's credits give."""
    films = list(_scenes("movie-corpus", data))
    speakers = json.loads((data / "movie-corpus" / "speakers.json").read_text("utf-8")).values()
    genders: dict[tuple[str, str], str] = {
        (row["meta"]["movie_name"].casefold(), row["meta"]["character_name"]): row["meta"]["gender"].upper()
        for row in speakers
        if row["meta"]["gender"] in "mMfF"
    }
    judged: dict[tuple[str, str], tuple[bool, bool]] = {}
    start = time.perf_counter()
    renamed = list(renamer.renamed(films))
    seconds = time.perf_counter() - start
    for before, after in zip(films, renamed, strict=True):
        for old, new in zip(before.lines, after.lines, strict=True):
            place = before.work.casefold(), old.speaker or ""
            truth = genders.get(place)
            word = (new.speaker or " ").split()[0] if new.speaker != old.speaker else ""
            if truth and word and (sex := names.sex(word)):
                judged[place] = (sex == truth, names.surely((old.speaker or "").split()[0]) is not None)
    sure = [right for right, is_sure in judged.values() if is_sure]
    unsure = [right for right, is_sure in judged.values() if not is_sure]
    return {
        "films": len({film.work for film in films}),
        "characters judged": len(judged),
        "kept": _share(right for right, _ in judged.values()),
        "kept, names that tell the sex": _share(sure),
        "kept, other names (pronouns, lot)": _share(unsure),
        "seconds": round(seconds, 1),
    }


def _share(right: Iterable[bool]) -> float:
    answers = list(right)
    return round(sum(answers) / max(1, len(answers)), 4)


def words_or_names(renamer: Renamer) -> dict[str, object]:
    """Return how often a word was taken for a name and a name for a word."""
    wrong: list[str] = []
    missed: list[str] = []
    for number, (name, marked) in enumerate(WORD_OR_NAME):
        text = re.sub("[<>]", "", marked)
        lines = (Line(name, text), Line("Alice", "Quite so."))
        scene = Scene(source="test", work=str(number), title="Test", lines=lines)
        changed = next(renamer.renamed([scene])).lines[0].text != text
        if changed != ("<" in marked):
            (wrong if changed else missed).append(text)
    names = sum("<" in marked for _, marked in WORD_OR_NAME)
    return {
        "words": len(WORD_OR_NAME) - names,
        "words replaced": wrong,
        "names": names,
        "names missed": missed,
    }


def told_anew(data: Path, renamer: Renamer) -> dict[str, float]:
    """Return the share of episode summaries that name a lead, before and after."""
    records = known()["friends-summaries"].read(data / "friends-summaries")
    old = [record for record in records if isinstance(record, Synopsis)]
    new = [renamer.synopsis(record, "Friends") for record in old]
    return {when: _share(_names_a_lead(one) for one in some) for when, some in (("before", old), ("after", new))}


def _names_a_lead(synopsis: Synopsis) -> bool:
    both = f"{synopsis.title}\n{synopsis.text}"
    return FIRST.search(both) is not None or LAST.search(both) is not None


def _scenes(name: str, data: Path) -> Iterator[Scene]:
    return (record for record in known()[name].read(data / name) if isinstance(record, Scene))


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts = by_decade(options.data / "ssa-names")
    friends = list(_scenes("friends-corpus", options.data))
    others = {
        name: list(_scenes(name, options.data)) for name in ("the-office", "avatar") if (options.data / name).is_dir()
    }
    start = time.perf_counter()
    leads = leads_of([*friends, *(scene for scenes in others.values() for scene in scenes)])
    led = time.perf_counter()
    renamer = Renamer(counts, seed=options.seed, leads=leads)
    renamed = list(renamer.renamed(friends))
    ended = time.perf_counter()
    lines = sum(len(scene.lines) for scene in friends)
    result: dict[str, object] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "seconds": {"leads": round(led - start, 1), "renaming Friends": round(ended - led, 1), "lines": lines},
        "Friends before": shares(friends) | {"first names in cues": diversity(friends)},
        "Friends after": shares(renamed) | {"first names in cues": diversity(renamed)},
        "two cues of an episode became one": clashes(friends, renamed),
        "left": left(renamed),
        "words that are names": words_or_names(renamer),
    }
    for name, scenes in others.items():
        result[name] = show(scenes[0].show or "", renamer, scenes)
    if (options.data / "friends-summaries").is_dir():
        result["Friends summaries with a lead"] = told_anew(options.data, renamer)
    if (options.data / "movie-corpus").is_dir():
        result["sex kept (Cornell)"] = kept_sex(options.data, GivenNames(counts), Renamer(counts, seed=options.seed))
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
