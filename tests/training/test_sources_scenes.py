import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from training.records import Line, Scene, Text
from training.sources import convokit, cornell, friends, known
from training.sources.base import BrokenLineError, EncodingError, MissingColumnsError, MissingFileError
from training.sources.cornell import mended, title_case
from training.sources.friends_summaries import SHOW

SHARED = Path(__file__).parents[2] / "../shared/data"
NOTE = "TRANSCRIPT_NOTE"


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def said(key: str, conversation: str, speaker: str, text: str, noted: str | None = None) -> dict[str, Any]:
    meta = {"transcript_with_note": noted}
    return {"id": key, "conversation_id": conversation, "speaker": speaker, "text": text, "meta": meta}


def corpus(
    folder: Path,
    utterances: Iterable[Mapping[str, Any]],
    conversations: Mapping[str, Any],
    speakers: Iterable[str] = (),
) -> Path:
    write_lines(folder / "utterances.jsonl", utterances)
    (folder / "conversations.json").write_text(json.dumps({key: {"meta": m} for key, m in conversations.items()}))
    named = {key: {"meta": {"character_name": key.upper()}} for key in speakers}
    (folder / "speakers.json").write_text(json.dumps(named))
    return folder


def films(folder: Path, *talks: tuple[str, ...]) -> Path:
    """Write a film in which the speakers ``ann``, ``bo``, ... say their names in turn."""
    utterances: list[Mapping[str, Any]] = [
        said(f"c{talk}_u{turn}", f"c{talk}_u0", who, f"I am {who}.")
        for talk, cast in enumerate(talks)
        for turn, who in enumerate(cast)
    ]
    meta = {"movie_idx": "m0", "movie_name": "the tin moon", "release_year": "1992/I", "genre": "['comedy', 'sci-fi']"}
    return corpus(folder, utterances, {f"c{talk}_u0": meta for talk in range(len(talks))}, {"ann", "bo", "cy", "dee"})


def episode(folder: Path, *rows: tuple[str, str, str | None], place: str = "s01_e01", **meta: object) -> Path:
    key = f"{place}_c01_u000"
    utterances: list[Mapping[str, Any]] = [said(f"{place}_c01_u{at:03}", key, *row) for at, row in enumerate(rows)]
    season, number = place.split("_")
    return corpus(folder / friends.NAME, utterances, {key: {"season": season, "episode": number, **meta}})


def test_conversations_listed_backwards_are_read_forwards(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "L3", "root": "L1", "user": "b", "text": "Three.", "reply_to": "L2", "meta": {}},
        {"id": "L2", "root": "L1", "user": "a", "text": "Two.", "reply_to": "L1", "meta": {}},
        {"id": "L1", "root": "L1", "user": "b", "text": "One.", "reply_to": None, "meta": {}},
    ]
    (read,) = convokit.read(corpus(tmp_path, rows, {"L1": {"movie_idx": "m0"}}))
    assert [utterance.text for utterance in read.utterances] == ["One.", "Two.", "Three."]
    assert read.meta == {"movie_idx": "m0"}


def test_properties_without_a_folder_of_their_own_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "conversations.json").write_text('{"L1": {"movie_idx": "m0"}}')
    assert convokit.metadata(tmp_path / "conversations.json") == {"L1": {"movie_idx": "m0"}}


def test_a_corpus_is_known_by_the_properties_of_its_utterances(tmp_path: Path) -> None:
    folder = episode(tmp_path, ("Ann", "Bye.", None))
    assert friends.SOURCE.is_in(folder)
    assert not cornell.SOURCE.is_in(folder)
    assert not friends.SOURCE.is_in(tmp_path)


def test_half_a_corpus_is_refused_with_the_file_and_the_line(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"conversations\.json"):
        list(convokit.read(tmp_path))
    folder = films(tmp_path, ("ann", "bo"))
    (folder / "conversations.json").write_text('{"c0_u0":\n {"meta": {"mo')
    with pytest.raises(BrokenLineError) as broken:
        list(convokit.read(folder))
    assert broken.value.line == 2
    (folder / "conversations.json").write_text("[]")
    with pytest.raises(BrokenLineError):
        list(convokit.read(folder))
    (folder / "conversations.json").write_bytes(b'{"c": {"meta": "\xff"}}')
    with pytest.raises(EncodingError):
        list(convokit.read(folder))


def test_an_utterance_of_nobody_names_the_missing_column(tmp_path: Path) -> None:
    folder = corpus(tmp_path, [{"id": "1", "conversation_id": "1", "text": "Hm."}], {})
    with pytest.raises(MissingColumnsError) as missing:
        list(convokit.read(folder))
    assert missing.value.columns == ("speaker",)


def test_neighbouring_conversations_of_one_company_are_a_scene(tmp_path: Path) -> None:
    scenes = list(cornell.read(films(tmp_path, ("ann", "bo"), ("bo", "cy"), ("dee", "dee"), ("dee", "ann"))))
    assert [[line.speaker for line in scene.lines] for scene in scenes] == [
        ["ANN", "BO", "BO", "CY"],
        ["DEE", "DEE", "DEE", "ANN"],
    ]
    assert (scenes[0].title, scenes[0].year, scenes[0].labels) == ("The Tin Moon", 1992, ("comedy", "sci-fi"))


def test_nobody_talks_alone_and_no_scene_is_endless(tmp_path: Path) -> None:
    assert not list(cornell.read(films(tmp_path / "one", ("ann", "ann"))))
    scenes = list(cornell.read(films(tmp_path / "many", *[("ann", "bo")] * 120)))
    assert len(scenes) > 1
    assert sum(len(scene.lines) for scene in scenes) == 240


def test_a_film_is_told_by_the_summaries_where_they_are(tmp_path: Path) -> None:
    folder = films(tmp_path, ("ann", "bo"))
    row = {"movie_idx": "m0", "title": "The Tin Moon!", "year": 1993, "genres": ["Drama"], "summary": "A moon rusts."}
    write_lines(folder / cornell.SUMMARIES, [row])
    (scene,) = cornell.read(folder)
    assert (scene.work, scene.summary, scene.labels, scene.year) == ("The Tin Moon!", "A moon rusts.", ("Drama",), 1993)


def test_what_the_corpus_broke_is_mended() -> None:
    words = Counter(["conference", "conference", "break-up"])
    assert mended("A <u>bad</u>  break- up at the con- ference.", words) == "A bad break-up at the conference."
    assert mended("To Africa- but not now.", words) == "To Africa - but not now."
    assert mended("I do *not* _know_ him. _ 36.", words) == "I do not know him."
    assert title_case("star fox: the return of ii") == "Star Fox: The Return of II"


def test_the_notes_of_a_transcript_are_directions_and_its_paperwork_is_left_out(tmp_path: Path) -> None:
    (scene,) = friends.read(
        episode(
            tmp_path,
            (NOTE, "", "[Scene: The harbor, Ann waits.]"),
            ("Ann Roe", "Late again.", "(yawning) Late again."),
            (NOTE, "", "(A ship arrives.)"),
            (NOTE, "", "Commercial Break"),
            ("#ALL#", "Hello!", None),
            ("UNKNOWN", "Mumble.", None),
            (NOTE, "Bo: (waving) Over here!", None),
            episode_title="The One on the Pier",
        )
    )
    assert scene.opening == "[Scene: The harbor, Ann waits.]"
    assert scene.lines == (
        Line("Ann Roe", "Late again.", "(yawning) Late again."),
        Line(None, "(A ship arrives.)"),
        Line("All", "Hello!"),
        Line("Bo", "Over here!", "(waving) Over here!"),
    )
    assert (scene.work, scene.title, scene.show, scene.year) == (f"{SHOW} s01e01", "The One on the Pier", SHOW, 1994)


def test_a_scene_that_begins_within_a_conversation_is_one_of_its_own(tmp_path: Path) -> None:
    rows = [("Ann", "Bye.", None), (NOTE, "", "[Scene: A boat.]"), ("Bo", "Ahoy.", None)]
    scenes = list(friends.read(episode(tmp_path, *rows, scene_note="(Scene: A pier.)")))
    assert [(scene.opening, len(scene.lines)) for scene in scenes] == [("(Scene: A pier.)", 1), ("[Scene: A boat.]", 1)]


def test_an_episode_is_told_by_the_neighbouring_folder(tmp_path: Path) -> None:
    folder = episode(tmp_path, ("Ann", "Bye.", None), place="s10_e18")
    table = tmp_path / "friends-summaries" / "friends_episodes.csv"
    table.parent.mkdir()
    table.write_text(
        "Year_Of_Prod,Season,Episode_Number,Episode_Title,Summary\n"
        "2004,10,17,The Very End: Part 1,A ship leaves.\n2004,10,18,The Very End: Part 2,A ship sinks.\n"
    )
    (scene,) = friends.read(folder)
    assert (scene.title, scene.summary, scene.year) == ("The Very End", "A ship sinks.", 2004)


def test_both_halves_of_an_episode_are_one_work(tmp_path: Path) -> None:
    keys = {f"s02_e{number}_c01_u1": number for number in ("12", "13", "14")}
    rows = [said(key, key, "Ann", "Hm.") for key in keys]
    titles = {"12": "The Storm", "13": "The Storm", "14": "The Calm"}
    metas = {key: {"season": "s02", "episode": f"e{at}", "episode_title": titles[at]} for key, at in keys.items()}
    works = [scene.work for scene in friends.read(corpus(tmp_path / friends.NAME, rows, metas))]
    assert works == ["Friends s02e12", "Friends s02e12", "Friends s02e14"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["friends-corpus", "the-office", "avatar", "movie-corpus", "plays", "prose"])
def test_real_sources_are_recognised_and_read_whole(tmp_path: Path, name: str) -> None:
    archive = SHARED / f"{name}.tar.xz"
    if not archive.exists():
        pytest.skip("no shared data beside the checkout")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    assert [source.name for source in known().values() if source.is_in(tmp_path / name)] == [name]
    records = list(known()[name].read(tmp_path / name))
    assert len(records) > 500
    for record in records:
        assert isinstance(record, Scene | Text)
        assert record.source == name
        assert record.work
        assert isinstance(record, Text) or record.lines
