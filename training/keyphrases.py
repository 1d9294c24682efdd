"""The key phrases of many documents, ranked as KeyBERT ranks one: every distinct text is embedded once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]
GUARD: Final = 0.004  # rough cosines further apart than this are in the right order (measured: benchmarks/training)
_KEEP: Final = 100_000  # phrases a generation, 150 MB
_DIGITS: Final = 4  # KeyBERT rounds its scores before it sorts what MMR chose


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How many phrases a document gets; with ``diversity`` (0 to 1) by maximal marginal relevance, else the nearest."""

    phrases: int
    diversity: float | None = None

    def best(self, document: Vectors, candidates: Vectors) -> list[int]:
        """Return the places of the chosen candidates, best first; unit vectors of shapes (384,) and (n, 384)."""
        likeness = candidates @ document
        if self.diversity is None:
            return [int(place) for place in likeness.argsort()[-self.phrases :][::-1]]
        chosen, _ = self._choose(likeness, candidates)
        return sorted(chosen, key=lambda place: round(float(likeness[place]), _DIGITS), reverse=True)

    def doubtful(self, document: Vectors, candidates: Vectors) -> set[int]:
        """Return the places that decide, where two are within ``GUARD`` of each other; none if all is clear."""
        likeness = candidates @ document
        chosen, close = self._choose(likeness, candidates)
        ranked = sorted(chosen, key=lambda place: float(likeness[place]))
        in_order = all(likeness[above] - likeness[below] > GUARD for below, above in pairwise(ranked))
        return {*close, *chosen} if close or not in_order else set()

    def _choose(self, likeness: Vectors, candidates: Vectors) -> tuple[list[int], set[int]]:
        """Return, step by step, what is like the document and unlike all chosen before, and what came close to it."""
        diversity = self.diversity or 0.0
        relevance = likeness.copy()  # the first is the nearest, however diverse the others are to be
        nearest = np.full_like(likeness, -1)
        chosen: list[int] = []
        close: set[int] = set()
        for _ in range(min(self.phrases, len(likeness))):
            best = int(relevance.argmax())
            near = np.flatnonzero(relevance >= relevance[best] - GUARD)
            if len(near) > 1:
                close.update(near.tolist())
            chosen.append(best)
            if diversity:
                nearest = np.maximum(nearest, candidates @ candidates[best])
            relevance = (1 - diversity) * likeness - diversity * nearest
            relevance[chosen] = -np.inf
        return chosen, close


class Remembering:
    """Embeds phrases, each once: the last ``keep`` distinct ones are remembered, about twice as many at most."""

    def __init__(self, embed: Embed, *, keep: int = _KEEP) -> None:
        self._embed, self._keep = embed, keep
        self._recent: dict[str, Vectors] = {}
        self._older: dict[str, Vectors] = {}

    def __call__(self, phrases: Iterable[str]) -> dict[str, Vectors]:
        """Return a vector for every distinct phrase."""
        distinct = dict.fromkeys(phrases)
        known = {phrase: vector for phrase in distinct if (vector := self._recall(phrase)) is not None}
        new = [phrase for phrase in distinct if phrase not in known]
        if new:
            known.update(zip(new, map(np.copy, self._embed(new)), strict=True))  # a view would keep all the others
        self._recent.update(known)
        if len(self._recent) > self._keep:
            self._older, self._recent = self._recent, {}
        return known

    def _recall(self, phrase: str) -> Vectors | None:
        vector = self._recent.get(phrase)
        return self._older.get(phrase) if vector is None else vector


@dataclass(slots=True, kw_only=True)
class _Case:
    document: str
    phrases: list[str]
    vector: Vectors
    vectors: Vectors
    exact: set[int]


class Extractor:
    """Finds the key phrases of documents among the candidates that ``analyse`` sees in each.

    Texts are embedded by ``embed``. Where its rounding could change what is chosen, the document and the phrases
    that decide are embedded again by ``settle``, if there is one.
    """

    def __init__(
        self,
        *,
        analyse: Callable[[str], Iterable[str]],
        ranking: Ranking,
        embed: Embed,
        settle: Embed | None = None,
    ) -> None:
        self._analyse, self._ranking = analyse, ranking
        self._embed, self._embed_phrases = embed, Remembering(embed)
        self._settle, self._settle_phrases = settle, Remembering(settle or embed)

    def __call__(self, documents: Sequence[str]) -> list[list[str]]:
        """Return the key phrases of every document, best first; none where there are no candidates."""
        candidates = [sorted(set(self._analyse(text))) for text in documents]  # the order of KeyBERT's vocabulary
        told = [place for place, found in enumerate(candidates) if found]
        result: list[list[str]] = [[] for _ in documents]
        if told:
            cases = self._cases([documents[place] for place in told], [candidates[place] for place in told])
            if self._settle:
                self._make_sure(cases, self._settle)
            for place, case in zip(told, cases, strict=True):
                result[place] = [case.phrases[choice] for choice in self._ranking.best(case.vector, case.vectors)]
        return result

    def _cases(self, documents: list[str], candidates: list[list[str]]) -> list[_Case]:
        vectors = self._embed_phrases(phrase for found in candidates for phrase in found)
        return [
            _Case(document=text, phrases=found, vector=vector, vectors=_rows(vectors, found), exact=set())
            for text, found, vector in zip(documents, candidates, self._embed(documents), strict=True)
        ]

    def _make_sure(self, cases: Sequence[_Case], settle: Embed) -> None:
        """Put exact vectors in the place of the rough ones that decide, until nothing rough decides."""
        while doubts := [(case, wanted) for case in cases if (wanted := self._wanted(case))]:
            exact = self._settle_phrases(case.phrases[place] for case, wanted in doubts for place in wanted)
            for case, wanted in doubts:
                case.vectors[wanted] = _rows(exact, [case.phrases[place] for place in wanted])
            first = [case for case, _ in doubts if not case.exact]
            for case, vector in zip(first, settle([case.document for case in first]) if first else (), strict=True):
                case.vector = vector
            for case, wanted in doubts:
                case.exact.update(wanted)
            cases = [case for case, _ in doubts]

    def _wanted(self, case: _Case) -> list[int]:
        return sorted(self._ranking.doubtful(case.vector, case.vectors) - case.exact)


def _rows(vectors: dict[str, Vectors], phrases: Sequence[str]) -> Vectors:
    return np.stack([vectors[phrase] for phrase in phrases])
