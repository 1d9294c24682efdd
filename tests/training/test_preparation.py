"""From a folder of data sets to entries, split by work and kept on disk."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from model import tasks
from model.briefs import Theme
from model.profanity import Tier, tier
from tests.model import tiny
from tests.training.invented import library
from training.corpus import Corpus
from training.examples import Entry, held_out
from training.preparation import UnknownSourceError, prepare, read, source_called, table
from training.recipe import Preparation
from training.rows import corpus_documents, documents

PLAIN = Preparation(diversified=False, words=120)


def themes(summaries: Sequence[str], _: Path) -> list[tuple[Theme, ...]]:
    return [(Theme("lost keys"), Theme("a bet")) for _ in summaries]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("data"))


@pytest.fixture
def corpus(data: Path, tmp_path: Path) -> Corpus:
    return prepare(data, tmp_path, PLAIN, find_themes=themes)


def test_every_task_has_entries_and_the_table_counts_them_by_source(corpus: Corpus) -> None:
    assert set(corpus.counts()["train"]) == {"pitch", "dialog", "script", "staging", "prose"}
    rows = table(corpus.facts).splitlines()
    assert rows[0] == "| source | pitch | dialog | script | staging | prose |"
    assert {row.split()[1] for row in rows[2:]} == {"streaming", "plays", "prose"}
    counted = corpus.facts["entries"]
    assert sum(counted["plays"].values()) == sum(
        example.source == "plays" for example in (*corpus.train, *corpus.held_out)
    )


def test_no_work_is_on_both_sides_and_the_side_is_the_same_in_every_source(corpus: Corpus) -> None:
    assert {held_out(example.work) for example in corpus.train} == {False}
    assert all(held_out(example.work) for example in corpus.held_out)


def test_what_was_prepared_once_is_read_back_the_same_without_finding_themes_again(data: Path, tmp_path: Path) -> None:
    first = prepare(data, tmp_path, PLAIN, find_themes=themes)

    def never(*_: object) -> list[tuple[Theme, ...]]:
        raise AssertionError

    again = prepare(data, tmp_path, PLAIN, find_themes=never)
    assert list(again.train) == list(first.train)
    assert list(again.held_out) == list(first.held_out)
    assert again.digest == first.digest
    assert [path.name for path in tmp_path.glob("entries-*")] == [path.name for path in tmp_path.glob("entries-*")][:1]


def test_another_wish_or_another_file_is_prepared_anew(data: Path, tmp_path: Path) -> None:
    prepare(data, tmp_path, PLAIN, find_themes=themes)
    prepare(data, tmp_path, replace(PLAIN, words=80), find_themes=themes)
    assert len(list(tmp_path.glob("entries-*"))) == 2
    os.utime(data / "prose" / "books.jsonl", (1, 1))
    prepare(data, tmp_path, PLAIN, find_themes=themes)
    assert len(list(tmp_path.glob("entries-*"))) == 3


def test_a_preparation_that_was_killed_leaves_nothing_that_counts(data: Path, tmp_path: Path) -> None:
    def killed(*_: object) -> list[tuple[Theme, ...]]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(data, tmp_path, PLAIN, find_themes=killed)
    assert list(tmp_path.glob("entries-*/prepared.json")) == []
    assert prepare(data, tmp_path, PLAIN, find_themes=themes).train


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "prepared.json").write_text("{"),
        lambda folder: (folder / "prepared.json").unlink(),
        lambda folder: (folder / "held-out.jsonl").unlink(),
        lambda folder: (folder / "train.jsonl").write_text(""),
    ],
)
def test_entries_that_were_damaged_are_made_anew(damage: Callable[[Path], object], data: Path, tmp_path: Path) -> None:
    first = prepare(data, tmp_path, PLAIN, find_themes=themes)
    before = [list(first.train), list(first.held_out)]
    assert first.folder is not None
    damage(first.folder)
    again = prepare(data, tmp_path, PLAIN, find_themes=themes)
    assert [list(again.train), list(again.held_out)] == before


@pytest.mark.parametrize("share", [0, 0.5, 0.9])
def test_tokens_that_were_damaged_are_made_anew(share: float, corpus: Corpus) -> None:
    first = corpus_documents(tiny.tokenizer(), corpus)
    assert corpus.folder is not None
    (kept,) = corpus.folder.glob("train.*.npz")
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(len(whole) * share)])
    again = corpus_documents(tiny.tokenizer(), corpus)
    assert [one.tokens.tolist() for one in again] == [one.tokens.tolist() for one in first]


def test_every_entry_reads_back_as_it_was_written(corpus: Corpus) -> None:
    for example in corpus.train:
        if isinstance(example, Entry):
            assert tasks.parse(example.brief, example.completion) == example.draft


def test_a_show_brings_pitches_with_different_themes(corpus: Corpus) -> None:
    briefs = [(example.work, example.prompt) for example in corpus.train if example.task == "pitch"]
    assert len(briefs) == len(set(briefs)) == 2 * len({work for work, _ in briefs})


def test_only_the_sources_asked_for_are_read(data: Path, tmp_path: Path) -> None:
    corpus = prepare(data, tmp_path, replace(PLAIN, only=("plays",)), find_themes=themes)
    assert {example.source for example in corpus.train} == {"plays"}
    with pytest.raises(UnknownSourceError) as caught:
        prepare(data, tmp_path, replace(PLAIN, only=("netflix",)), find_themes=themes)
    assert "streaming" in caught.value.there
    with pytest.raises(UnknownSourceError):
        source_called("netflix")


def test_what_may_not_be_published_is_left_out_when_asked(data: Path, tmp_path: Path) -> None:
    anime = data / "anime"
    anime.mkdir(exist_ok=True)
    story = (
        "In the quiet harbor a girl repairs ships for the town, until the sea gives back a captain who was lost " * 2
    )
    rows = [
        {"mal_id": str(n), "title": f"Harbor {n}", "type": "TV", "year": "2025", "genres": ["Drama"], "tags": [],
         "romaji": f"Harbor {n}", "synopsis": f"{story}. She must choose between number {n} and the storm."}
        for n in range(9)
    ]  # fmt: skip
    (anime / "anilist_2025.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    free = prepare(data, tmp_path, replace(PLAIN, publishable=True), find_themes=themes)
    assert "anime" not in {example.source for example in free.train}


def test_strong_language_is_left_out_and_counted(data: Path, tmp_path: Path) -> None:
    rude = tmp_path / "rude" / "plays"
    rude.mkdir(parents=True)
    text = (data / "plays" / "public_domain_plays.jsonl").read_text().replace("a letter", "a fucking letter", 20)
    (rude / "public_domain_plays.jsonl").write_text(text)
    mild = prepare(tmp_path / "rude", tmp_path / "a", PLAIN, find_themes=themes)
    assert {tier(example.completion) for example in mild.train} <= {Tier.CLEAN, Tier.MILD}
    assert mild.facts["left out"]["language: strong"] > 0
    strong = prepare(tmp_path / "rude", tmp_path / "b", replace(PLAIN, strongest="strong"), find_themes=themes)
    assert Tier.STRONG in {tier(example.completion) for example in strong.train}


def test_most_bounds_the_records_of_each_source(data: Path, tmp_path: Path) -> None:
    some = prepare(data, tmp_path, replace(PLAIN, most=10, draws=1), find_themes=themes)
    assert sum(example.task == "pitch" for example in (*some.train, *some.held_out)) <= 10


def test_the_corpus_can_be_read_from_its_folder_alone(corpus: Corpus, tmp_path: Path) -> None:
    (folder,) = tmp_path.glob("entries-*")
    assert read(folder).digest == corpus.digest


def test_tokens_are_made_once_for_each_tokenizer_and_are_those_of_the_entries(corpus: Corpus) -> None:
    tokenizer = tiny.tokenizer()
    first = corpus_documents(tokenizer, corpus)
    plain = documents(tokenizer, ((example.prompt, example.completion) for example in corpus.train))
    again = corpus_documents(tokenizer, corpus)
    for one, two, three in zip(first, plain, again, strict=True):
        assert one.tokens.tolist() == two.tokens.tolist() == three.tokens.tolist()
        assert one.scored_from == two.scored_from == three.scored_from
    corpus_documents(tiny.tokenizer(begins=True), corpus)
    assert corpus.folder is not None
    assert len(list(corpus.folder.glob("train.*.npz"))) == 2


def test_digest_and_counts_on_disk_are_those_of_the_examples(corpus: Corpus) -> None:
    plain = Corpus(train=list(corpus.train), held_out=list(corpus.held_out))
    assert (corpus.digest, corpus.counts()) == (plain.digest, plain.counts())


def test_one_film_is_on_one_side_whatever_a_source_calls_it(tmp_path: Path) -> None:
    titles = [f"Harbor of {word}" for word in ("glass", "rain", "salt", "iron", "fog", "gold", "wind", "ash")]
    story = "A stubborn keeper must find the lost bell before the town forgets who rang it and why it matters."
    films = [
        {"title": title, "year": 1956, "genres": ["Drama"], "extract": story, "plot_guess": f"{story} {title} is near.",
         "href": f"The_{title.replace(' ', '_')}_(1956_film)"}
        for title in titles
    ]  # fmt: skip
    folder = tmp_path / "data" / "wikipedia-movies"
    folder.mkdir(parents=True)
    (folder / "movies.jsonl").write_text("\n".join(map(json.dumps, films)) + "\n")
    corpus = prepare(tmp_path / "data", tmp_path / "cache", PLAIN, find_themes=themes)
    assert {example.work for example in (*corpus.train, *corpus.held_out)} <= set(titles)


def test_a_song_is_learnt_whole_with_its_lines(tmp_path: Path) -> None:
    songs = tmp_path / "data" / "lyrics"
    songs.mkdir(parents=True)
    verse = (
        "The lamp is low and the tide is late\nand nobody waits at the garden gate\nso sing it slow until the morning"
    )
    (songs / "songs.csv").write_text(
        f'artist,title,lyrics\nNobody,Low Lamp,"{verse}"\nNobody,Late Tide,"{verse} again"\n'
    )
    corpus = prepare(tmp_path / "data", tmp_path / "cache", PLAIN, find_themes=themes)
    assert verse in {example.completion for example in (*corpus.train, *corpus.held_out)}
