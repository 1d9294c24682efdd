import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.sources import lyrics
from training.sources.base import MissingColumnsError, MissingFileError
from training.sources.lyrics import SOURCE, hold_out

_ARTISTS = """\
Artist,Songs,Popularity,Link,Genre,Genres
The Goats,2,0.3,/the-goats/,Rock,Rock; Pop
The Goats,2,0.3,/the-goats/,Pop,Rock; Pop
Hill Choir,1,0.1,/hill-choir/,Gospel,Gospel/Religioso
"""
_SONGS = """\
ALink,SName,SLink,Lyric,{language}
/the-goats/,Up the Hill,/the-goats/up.html,"Up the hill
we go",{english}
/the-goats/,Bergauf,/the-goats/berg.html,Wir gehen bergauf,{german}
/the-goats/,Silence,/the-goats/silence.html," ",{english}
/hill-choir/,Amen,/hill-choir/amen.html,Amen amen,{english}
/no-body/,Alone,/no-body/alone.html,All alone,{english}
"""


def _write(folder: Path, *, language: str = "language", english: str = "en", german: str = "de") -> Path:
    (folder / "artists-data.csv").write_text(_ARTISTS)
    (folder / "lyrics-data.csv").write_text(_SONGS.format(language=language, english=english, german=german))
    return folder


@pytest.mark.parametrize(("language", "english", "german"), [("language", "en", "de"), ("Idiom", "ENGLISH", "GERMAN")])
def test_english_songs_come_with_artist_and_title(tmp_path: Path, language: str, english: str, german: str) -> None:
    songs = list(lyrics.read(_write(tmp_path, language=language, english=english, german=german)))
    assert [song.work for song in songs] == ["The Goats – Up the Hill", "Hill Choir – Amen", "no body – Alone"]
    assert songs[0].text == "Up the hill\nwe go"
    assert songs[0].source == "lyrics"


def test_a_genre_can_be_chosen(tmp_path: Path) -> None:
    folder = _write(tmp_path)
    assert [song.text for song in lyrics.read(folder, genre="gospel/religioso")] == ["Amen amen"]
    assert [song.work for song in lyrics.read(folder, genre="pop")] == ["The Goats – Up the Hill"]
    assert list(lyrics.read(folder, genre="Polka")) == []


def test_songs_without_their_artists_are_refused(tmp_path: Path) -> None:
    (_write(tmp_path) / "artists-data.csv").unlink()
    with pytest.raises(MissingFileError, match="artists-data"):
        list(lyrics.read(tmp_path))


def test_songs_that_do_not_tell_their_language_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingColumnsError, match="language"):
        list(lyrics.read(_write(tmp_path, language="other")))


@pytest.mark.parametrize("header", ["Artist,Title,Lyric", "artist,SONG,Text", "singer,track_name,lyrics"])
def test_any_table_of_songs_is_read(tmp_path: Path, header: str) -> None:
    (tmp_path / "mine.csv").write_text(f"{header}\nThe Goats,Up,Up we go\nThe Goats,Down\n")
    assert [(song.work, song.text) for song in lyrics.read(tmp_path)] == [("The Goats – Up", "Up we go")]


def test_any_table_is_filtered_by_language_and_genre_where_it_has_them(tmp_path: Path) -> None:
    rows = "artist,title,lyrics,tag,Language\nA,B,one two,rock,en\nA,C,eins zwei,rock,de\nA,D,three,pop,en\n"
    (tmp_path / "mine.csv").write_text(rows)
    assert [song.work for song in lyrics.read(tmp_path, genre="Rock")] == ["A – B"]


def test_a_table_that_is_none_of_songs_names_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("artist,year\nA,1990\n")
    with pytest.raises(MissingColumnsError) as caught:
        list(lyrics.read(tmp_path))
    assert caught.value.columns == ("title", "lyrics")


def test_the_published_layout_is_recognised(tmp_path: Path) -> None:
    assert SOURCE.read is lyrics.read
    assert not SOURCE.is_in(tmp_path)
    assert SOURCE.is_in(_write(tmp_path))


def test_the_last_words_are_held_out_as_written() -> None:
    assert hold_out("one  two\nthree four\tfive\n six \n", words=3) == ("one  two\nthree", " four\tfive\n six \n")


def test_a_short_text_has_no_last_words_to_hold_out() -> None:
    assert hold_out("word " * 39) is None
    assert hold_out("word " * 40) is not None


@given(st.text(st.sampled_from("ab \n\t\u2003\x1c'"), max_size=60), st.integers(1, 5))
def test_beginning_and_ending_are_the_text(text: str, words: int) -> None:
    parted = hold_out(text, words)
    assert (parted is None) == (len(re.findall(r"\S+", text)) < 2 * words)
    if parted:
        beginning, ending = parted
        assert beginning + ending == text
        assert len(ending.split()) == words
        assert len(beginning.split()) >= words
        assert not beginning[-1].isspace()
