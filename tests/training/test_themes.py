# ruff: noqa: S311 - no secrets are drawn here
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from keybert import KeyBERT
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import CountVectorizer

from model import briefs
from model.briefs import Theme
from training import embedding, themes
from training.embedding import MiniLM
from training.keyphrases import Vectors
from training.themes import Precision, Rule, ThemeSettingError, ThemesFileError

_WHO = "lonely beekeeper|retired spy|nervous hangman|blind cartographer|village dentist|stubborn widow|young welder"
_WHAT = "inherits a haunted bakery|finds forged letters|steals a racing pigeon|opens a school for liars|buries a robot"
_WHERE = "on a frozen lighthouse island|beneath the flooded city|in Marrow County|during the great beetle plague"
_THEN = (
    "the mayor's daughter begins to suspect a conspiracy|an old rival returns for revenge and 40 pounds of honey|"
    "her café becomes the last refuge of deserters|two brothers must share one umbrella through the long winter"
)


def invented(count: int) -> list[str]:
    random = Random(11)
    who, what, where, then = (part.split("|") for part in (_WHO, _WHAT, _WHERE, _THEN))
    return [
        f"When a {random.choice(who)} {random.choice(what)} {random.choice(where)}, {random.choice(then)}."
        for _ in range(count)
    ]


@pytest.fixture(scope="session")
def keybert() -> KeyBERT:
    return KeyBERT(SentenceTransformer(str(themes.weights()), device="cpu"))


@pytest.fixture(scope="session")
def mini() -> MiniLM:
    return MiniLM(themes.weights(), device="cpu")


class FakeMiniLM:
    """Vectors drawn by the text's own letters; counts what it embeds and breaks off after ``limit`` texts."""

    fast_bf16 = False

    def __init__(self, limit: int | None = None) -> None:
        self.embedded: list[str] = []
        self.limit = limit

    def exact(self, texts: Sequence[str]) -> Vectors:
        if self.limit is not None and len(self.embedded) + len(texts) > self.limit:
            raise KeyboardInterrupt
        self.embedded += texts
        return np.stack([unit(text) for text in texts])

    rough = exact


def unit(text: str) -> Vectors:
    vector = np.random.default_rng(list(text.encode())).normal(size=embedding.WIDTH)
    unit_vector: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit_vector


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeMiniLM:
    model = FakeMiniLM()
    monkeypatch.setattr(embedding, "MiniLM", lambda _folder: model)
    return model


def by_keybert(
    model: KeyBERT, texts: Sequence[str], vectorizer: CountVectorizer, diversity: float | None
) -> list[tuple[Theme, ...]]:
    settings: dict[str, Any] = {"vectorizer": vectorizer, "top_n": 3}
    if diversity is not None:
        settings |= {"use_mmr": True, "diversity": diversity}
    calls = (model.extract_keywords(text, **settings) for text in texts)
    return [tuple(briefs.theme(phrase) for phrase, _ in found) for found in calls]


@pytest.mark.parametrize("precision", ["fp32", "auto"])
@pytest.mark.parametrize("rule", ["keybert", "lower-case"])
@pytest.mark.parametrize(("words", "diversity"), [((1, 1), None), ((1, 2), 0.5)])
def test_themes_are_those_of_keybert_asked_one_summary_at_a_time(
    tmp_path: Path, keybert: KeyBERT, precision: Precision, rule: Rule, words: tuple[int, int], diversity: float | None
) -> None:
    texts = invented(30)
    vectorizer = CountVectorizer(ngram_range=words, stop_words="english")
    if rule == "lower-case":
        vectorizer = CountVectorizer(analyzer=partial(themes.candidates, words=words))
    wanted = by_keybert(keybert, texts, vectorizer, diversity)
    settings: dict[str, Any] = {"words": words, "diversity": diversity, "rule": rule, "precision": precision}
    assert themes.find(texts, tmp_path / "themes", **settings) == wanted


def test_vectors_are_those_of_sentence_transformers_however_long_the_text(keybert: KeyBERT, mini: MiniLM) -> None:
    texts = ["", "bee", "Señor Über owns a café", *invented(8), " ".join(invented(40))]
    theirs = keybert.model.embedding_model.encode(texts)
    np.testing.assert_allclose(mini.exact(texts), theirs, atol=2e-6)
    assert np.abs((mini.rough(texts) * theirs).sum(axis=1) - 1).max() < 0.001


def test_texts_without_candidates_have_no_themes(tmp_path: Path) -> None:
    odd = ["", " ", "Ada Marrow.", "the of and", "\ud800", "12 ? 34"]
    assert themes.find(odd, tmp_path / "themes") == [()] * len(odd)
    (found,) = themes.find(["A shy diver \ud800 sings."], tmp_path / "themes")
    assert found


def test_themes_stand_in_the_order_of_the_summaries_and_equal_ones_are_computed_once(
    tmp_path: Path, fake: FakeMiniLM
) -> None:
    texts = invented(12)
    found = themes.find([*texts, *reversed(texts)], tmp_path / "themes")
    assert found == found[::-1]
    assert found[:12] == [themes.find([text], tmp_path / "one")[0] for text in texts]
    first_run = fake.embedded[: len(set(fake.embedded))]
    assert len(first_run) == len(set(first_run))


def test_a_run_that_breaks_off_goes_on_where_it_was(
    tmp_path: Path, fake: FakeMiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(themes, "_CHUNK", 4)
    texts = list(dict.fromkeys(invented(40)))
    fake.limit = 60
    with pytest.raises(KeyboardInterrupt):
        themes.find(texts, tmp_path / "themes")
    done = [text for text in texts if text in fake.embedded]
    assert 0 < len(done) < len(texts)
    fake.limit, fake.embedded = None, []
    found = themes.find(texts, tmp_path / "themes")
    assert [text for text in texts if text in fake.embedded] == texts[len(done) // 4 * 4 :]
    assert found == themes.find(texts, tmp_path / "never interrupted")


def test_a_line_that_a_kill_cut_short_is_computed_again(tmp_path: Path, fake: FakeMiniLM) -> None:
    texts, cache = list(dict.fromkeys(invented(20))), tmp_path / "themes"
    whole = themes.find(texts, cache)
    cache.write_bytes(cache.read_bytes()[:-5])
    fake.embedded.clear()
    assert themes.find(texts, cache) == whole
    assert [text for text in fake.embedded if text in texts] == [texts[-1]]
    fake.embedded.clear()
    assert themes.find(texts, cache) == whole
    assert not fake.embedded


@pytest.mark.parametrize(
    "other",
    [{"phrases": 2}, {"words": 1}, {"diversity": 0.7}, {"rule": "keybert"}, {"precision": "fp32"}],
    ids=lambda other: next(iter(other)),
)
def test_other_settings_do_not_reuse_what_was_found(tmp_path: Path, fake: FakeMiniLM, other: dict[str, Any]) -> None:
    texts, cache = invented(3), tmp_path / "themes"
    first = themes.find(texts, cache)
    fake.embedded.clear()
    second = themes.find(texts, cache, **other)
    assert set(texts) <= set(fake.embedded)
    fake.embedded.clear()
    assert (themes.find(texts, cache), themes.find(texts, cache, **other)) == (first, second)
    assert not fake.embedded


def test_a_number_of_words_is_the_most(tmp_path: Path, fake: FakeMiniLM) -> None:
    texts, cache = invented(3), tmp_path / "themes"
    assert themes.find(texts, cache, words=2) == themes.find(texts, cache, words=(1, 2))
    assert len(fake.embedded) == len(set(fake.embedded))


@pytest.mark.parametrize(
    ("field", "value"), [("phrases", 0), ("words", 0), ("words", (2, 1)), ("diversity", 1.5), ("diversity", -0.1)]
)
def test_settings_that_make_no_sense_are_refused_before_anything_is_read(
    tmp_path: Path, field: str, value: object
) -> None:
    with pytest.raises(ThemeSettingError) as error:
        themes.find(["A shy diver."], tmp_path / "themes", **{field: value})  # type: ignore[arg-type]
    assert error.value.field == field
    assert not list(tmp_path.iterdir())


def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path, fake: FakeMiniLM) -> None:
    table = tmp_path / "titles.csv"
    table.write_text("title,description\nThe Tin Moon,A shy diver.\n")
    with pytest.raises(ThemesFileError) as error:
        themes.find(["A shy diver."], table)
    assert error.value.path == table
    assert table.read_text() == "title,description\nThe Tin Moon,A shy diver.\n"
    assert not fake.embedded


def test_candidates_have_as_many_words_as_asked_for() -> None:
    text = "An old tired singer, lost at sea, hums."
    assert themes.candidates(text, (1, 1)) == ["tired", "singer", "lost", "hums"]
    assert themes.candidates(text, (2, 3)) == ["old tired", "tired singer", "old tired singer"]
