# ruff: noqa: ANN401, PLC0415 - KeyBERT has no types and takes seconds to import
"""Themes: KeyBERT's own phrases, found together, and kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sklearn.feature_extraction.text import CountVectorizer  # type: ignore[import-untyped]

from training import themes
from training.embedding import MiniLM, batches
from training.keyphrases import Extractor, Ranking, Remembering
from training.themes import ThemeSettingError, ThemesFileError

HEROES = ["lighthouse keeper", "retired clown", "night surgeon", "stubborn librarian", "deep sea diver"]
WANTS = [
    "finds a forged map",
    "loses a cruel bet",
    "adopts a talking goat",
    "hears a family secret",
    "buys a ghost ship",
]
PLACES = ["in a frozen harbor", "under the glass city", "at an empty hotel", "on the floating market"]
SUMMARIES = [
    f"When a {hero} {want} {PLACES[(one + two) % 4]}, the whole village must choose between old debts and new courage."
    for one, hero in enumerate(HEROES)
    for two, want in enumerate(WANTS)
]


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(themes._weights())


@pytest.fixture(scope="module")
def keybert() -> Any:
    from keybert import KeyBERT
    from sentence_transformers import SentenceTransformer

    return KeyBERT(SentenceTransformer(str(themes._weights()), device="cpu"))


@pytest.mark.parametrize(
    ("words", "how"),
    [((1, 1), {}), ((1, 2), {}), ((1, 2), {"use_mmr": True, "diversity": 0.6})],
    ids=["one word", "two words", "two words, diverse"],
)
@pytest.mark.parametrize("precision", ["exact", "settled"])
def test_the_phrases_are_those_of_keybert_asked_one_text_at_a_time(
    words: tuple[int, int], how: dict[str, Any], precision: str, minilm: MiniLM, keybert: Any
) -> None:
    extractor = Extractor(
        analyse=CountVectorizer(ngram_range=words, stop_words="english").build_analyzer(),
        ranking=Ranking(phrases=5, diversity=how.get("diversity")),
        embed=minilm.exact if precision == "exact" else minilm.rough,
        settle=None if precision == "exact" else minilm.exact,
    )
    alone = [
        [phrase for phrase, _ in keybert.extract_keywords(text, keyphrase_ngram_range=words, top_n=5, **how)]
        for text in SUMMARIES
    ]
    assert extractor(SUMMARIES) == alone


def test_every_row_is_in_one_batch_and_no_batch_is_over_its_budget() -> None:
    lengths = [3, 90, 4, 3, 60, 61, 5, 3, 200, 64]
    found = list(batches(lengths, 128))
    assert sorted(place for batch in found for place in batch) == list(range(10))
    assert all(len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= 128 for batch in found)


def test_a_phrase_is_embedded_once_for_all_texts() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> Any:
        import numpy as np

        asked.extend(texts)
        return np.ones((len(texts), 384), np.float32)

    remembering = Remembering(embed)
    remembering(["a", "b", "a"])
    remembering(["b", "c"])
    assert asked == ["a", "b", "c"]


class Counted:
    """Stands in for the extractor: tells the longest word of a text, and stops after so many texts."""

    def __init__(self, stop: int = 10**9) -> None:
        self.seen: list[str] = []
        self.stop = stop

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        self.seen += texts
        if len(self.seen) > self.stop:
            raise KeyboardInterrupt
        return [[max(text.split(), key=len)] for text in texts]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(themes, "_CHUNK", 4)


def replaced(monkeypatch: pytest.MonkeyPatch, stand_in: Counted) -> Counted:
    monkeypatch.setattr(themes, "_extractor", lambda *_: stand_in)
    return stand_in


@pytest.mark.usefixtures("small_chunks")
def test_a_killed_search_goes_on_where_it_was_also_after_a_line_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "themes.jsonl"
    replaced(monkeypatch, Counted(stop=9))
    with pytest.raises(KeyboardInterrupt):
        themes.find(SUMMARIES, cache)
    cache.write_bytes(cache.read_bytes()[:-7])  # the kill came in the middle of a line
    rest = replaced(monkeypatch, Counted())
    found = themes.find(SUMMARIES, cache)
    assert len(rest.seen) == len(SUMMARIES) - 7
    assert len(found) == len(SUMMARIES)
    assert all(found)
    again = replaced(monkeypatch, Counted())
    assert themes.find(list(reversed(SUMMARIES)), cache) == list(reversed(found))
    assert again.seen == []


def test_the_same_text_is_looked_into_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = replaced(monkeypatch, Counted())
    assert len(themes.find([SUMMARIES[0]] * 5, tmp_path / "themes.jsonl")) == 5
    assert counted.seen == [SUMMARIES[0]]


@pytest.mark.parametrize("other", [{"phrases": 4}, {"words": 1}, {"diversity": 0.5}, {"rule": "keybert"}])
def test_another_wish_is_looked_for_anew(other: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = replaced(monkeypatch, Counted())
    themes.find(SUMMARIES[:2], tmp_path / "themes.jsonl")
    themes.find(SUMMARIES[:2], tmp_path / "themes.jsonl", **other)
    assert len(counted.seen) == 4


def test_a_text_without_candidates_has_no_themes(tmp_path: Path) -> None:
    assert themes.find(["", "And.", "🙂 !!"], tmp_path / "themes.jsonl") == [(), (), ()]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    cache = tmp_path / "themes.jsonl"
    cache.write_text("my thesis\n")
    with pytest.raises(ThemesFileError):
        themes.find(SUMMARIES, cache)
    assert cache.read_text() == "my thesis\n"


@pytest.mark.parametrize("wrong", [{"phrases": 0}, {"words": (2, 1)}, {"words": 0}, {"diversity": 1.5}])
def test_a_setting_that_makes_no_sense_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(ThemeSettingError):
        themes.find(SUMMARIES, tmp_path / "themes.jsonl", **wrong)
