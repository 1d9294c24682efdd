"""Is this title taken? Precision and recall of our check beside the first GreenLIT's, on one labelled set.

    python benchmarks/titles/run.py titles.tsv [--count 2000]

``titles.tsv`` is a tab-separated table with a column ``title`` (the one the shipped index was built from).
Taken: existing titles as they are and in eight disguises. Free: invented titles, existing ones with a word
exchanged, and words out of longer titles. The first GreenLIT starred a title when every word of it was a part of
the same search hit on Wikipedia; here a stand-in for the live search: the five titles of the table that share most
words with it.
"""

import argparse
import csv
import json
import platform
import random
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from model.briefs import PitchBrief, genre, theme
from model.checkpoint import EMBEDDED
from model.drafts import PitchDraft
from model.inventions import invent
from model.originality import TitleIndex, normalise
from model.tasks import prompt

RESULTS = Path(__file__).parents[1] / "results" / "titles.json"
HITS = 5
DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda title: title,
    "capitals": str.upper,
    "article": lambda title: title.removeprefix("The ") if title.startswith("The ") else f"The {title}",
    "punctuation": lambda title: title.replace(" ", " - ", 1) + "!",
    "curly apostrophe": lambda title: title.replace("'", "’"),
    "ampersand": lambda title: title.replace(" and ", " & ") if " and " in title else title.replace("&", "and"),
    "accents": lambda title: title.replace("e", "é", 1),
    "edition": lambda title: f"{title} (4K UHD)",
    "year": lambda title: f"{title} (2019)",
}


class SearchHits:
    """The first GreenLIT's check over a list of titles."""

    def __init__(self, titles: Iterable[str]) -> None:
        self.titles = [title.lower() for title in titles]
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        for number, title in enumerate(self.titles):
            for word in set(title.split()):
                self.places[word].append(number)

    def taken(self, title: str) -> bool:
        """Say whether every word is a part of one hit."""
        words = title.lower().split()
        shared = Counter(number for word in words for number in self.places.get(word, ()))
        return any(all(word in self.titles[number] for word in words) for number, _ in shared.most_common(HITS))


def labelled(titles: Sequence[str], count: int) -> list[tuple[str, str, bool]]:
    """Return (kind, title, taken) triples, the same for the same table."""
    dice = random.Random(7)  # noqa: S311 – a draw to repeat
    chosen = dice.sample([title for title in titles if len(title.split()) > 1], count)
    cases = [(kind, disguise(title), True) for kind, disguise in DISGUISES.items() for title in chosen]
    words = sorted({word for title in chosen for word in title.split() if word.isalpha() and len(word) > 3})
    for number, title in enumerate(chosen):
        parts = title.split()
        swapped = [dice.choice(words) if place == len(parts) - 1 else part for place, part in enumerate(parts)]
        invented = invent(prompt(PitchBrief(genre=genre("comedy"), theme=theme("time travel"))), number)
        cases += [("a word exchanged", " ".join(swapped), False), ("words of a title", " ".join(parts[-1:]), False)]
        if isinstance(invented, PitchDraft):
            cases.append(("invented", invented.title, False))
    exact = {_letters(title) for title in titles}
    return [case for case in cases if case[2] or _letters(case[1]) not in exact]


def _letters(title: str) -> str:
    """The plainest reading, made without our own normalisation: letters and digits, an article or not."""
    kept = "".join(c for c in unicodedata.normalize("NFKD", title.lower()) if c.isalnum() or c == " ")
    words = kept.split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in {"the", "a", "an"} else words)


def judge(taken: Callable[[str], bool], cases: Sequence[tuple[str, str, bool]]) -> dict[str, object]:
    """Return precision, recall, the share found taken of each kind, and titles a second."""
    start = time.perf_counter()
    answers = [taken(title) for _, title, _ in cases]
    seconds = time.perf_counter() - start
    right = sum(answer and truth for answer, (_, _, truth) in zip(answers, cases, strict=True))
    kinds: defaultdict[str, list[bool]] = defaultdict(list)
    for answer, (kind, _, _) in zip(answers, cases, strict=True):
        kinds[kind].append(answer)
    return {
        "precision": round(right / max(1, sum(answers)), 4),
        "recall": round(right / sum(truth for _, _, truth in cases), 4),
        "titles a second": round(len(cases) / seconds),
        "found taken": {kind: round(sum(found) / len(found), 4) for kind, found in kinds.items()},
    }


def main() -> None:
    """Print both and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    options = parser.parse_args()
    with options.table.open(encoding="utf-8", newline="") as file:
        titles = [row["title"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    index = TitleIndex.load(EMBEDDED / "titles.trie")
    cases = labelled([title for title in titles if normalise(title)], options.count)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "cases": len(cases),
        "every word in a hit": judge(SearchHits(titles).taken, cases),
        "ours": judge(index.taken, cases),
    }
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
