"""Who leads a show: the cues that speak most, with the surname that the show itself says after a bare first name."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from training.records import Scene

LEADS: Final = 20  # speakers of a show who are talked about also where they do not speak
_CAPITALS: Final = re.compile(r"\b([A-Z][a-z]+)\b(?=(?: ([A-Z][a-z]+)\b)?)")
_OFTEN: Final = 5  # times that a full name is said
_OWN: Final = 0.2  # share of a surname's mentions that come after this first name


def texts(scene: Scene) -> Iterator[str]:
    """Yield everything that can be read in a scene besides its cues."""
    yield scene.title
    yield scene.summary or ""
    yield scene.opening or ""
    for line in scene.lines:
        yield line.noted or line.text


def leads_of(scenes: Iterable[Scene]) -> dict[str, tuple[str, ...]]:
    """Return the leads of each show, the leading part first, by their full names as far as these are said."""
    cues: defaultdict[str, Counter[str]] = defaultdict(Counter)
    words: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for scene in scenes:
        if scene.show is not None:
            cues[scene.show].update(line.speaker for line in scene.lines if line.speaker)
            for text in texts(scene):
                if text is not scene.title:  # "Emma Alone" is a title, no name
                    words[scene.show].update(_CAPITALS.findall(text))
    return {show: tuple(_full_names(spoken, words[show])) for show, spoken in cues.items()}


def _full_names(cues: Counter[str], words: Counter[tuple[str, str]]) -> Iterator[str]:
    said = Counter[str]()
    for (word, _), count in words.items():
        said[word] += count
    after: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (word, following), count in words.items():
        if following and following not in cues and count >= max(_OFTEN, _OWN * said[following]):
            after[word][following] = count
    for cue, _ in cues.most_common(LEADS):
        yield " ".join([cue, *(surname for surname, _ in after[cue].most_common(1))])
