from pathlib import Path

import pytest

from training.sources import friends_summaries
from training.sources.base import EncodingError, MissingFileError
from training.sources.friends_summaries import NoSummariesError, episodes

HEADER = "Year_Of_Prod,Season,Episode_Number,Episode_Title,Summary\n"
WIKITEXT = """
{{Short description|Season of a sitcom}} Season 9 is not this one.
{{Episode table |episodes=
{{Episode list/sublist|Friends season 2
 |EpisodeNumber=25
 |EpisodeNumber2=1
 |Title=The One with the ''Kite''
 |OriginalAirDate={{Start date|1995|9|21}}
 |ShortSummary=[[Ann Roe|Ann]] flies a [[kite]] &amp; falls.<ref name="a">A {{cite web|title=b}}</ref> {{efn|No.}}
}}
{{Episode list/sublist|Friends season 2
 |EpisodeNumber2=2{{hr}}3
 |Title=The One with "the Goat"
 |OriginalAirDate=soon
 |ShortSummary=A goat eats a letter.<!-- which? -->
}}
{{Episode list/sublist|Friends season 2|EpisodeNumber2=4|Title="Untold"|ShortSummary=}}
}}
"""
HTML = """<html><head><title>List of Friends episodes - Wikipedia</title></head><body><h1>List of Friends episodes</h1>
<h3><span>Season 1 (1994–95)</span></h3><table>
<tr><th>No.</th></tr>
<tr class="vevent module-episode-list-row"><th>1</th><td>1</td><td class="summary">"<a>The Pilot Light</a>"
 <sup>[1]</sup></td><td>Ann Roe</td><td>May 2<span>(<span class="bday dtstart">1994-05-02</span>)</span></td></tr>
<tr class="expand-child"><td class="description" colspan="5"><div>A stove <a>explodes</a>.<sup>[2]</sup></div></td></tr>
<tr class="vevent"><th>2<hr>3</th><td>2<hr>3</td><td class="summary">Untitled</td><td>x</td></tr>
<tr class="expand-child"><td class="description">A bus<br>leaves.</td></tr>
</table></body></html>"""


def test_a_table_gives_each_episode_its_key_title_and_year(tmp_path: Path) -> None:
    (tmp_path / "friends_episodes.csv").write_text(
        f"{HEADER}1998,4,23,The One with the Ferry,It leaves.\n1998,4,24,The One with the Ferry,It returns.\n"
        "1998,4,22,The One Before,A dog barks.\n"
    )
    found = list(friends_summaries.SOURCE.read(tmp_path))
    assert [(one.work, one.text) for one in found] == [  # type: ignore[union-attr]
        ("Friends s04e22", "A dog barks."),
        ("Friends s04e23", "It leaves."),
        ("Friends s04e23", "It returns."),
    ]


@pytest.mark.parametrize(
    ("printed", "whole"),
    [
        ("He sings. Then he is asked to ...    See full summary »", "He sings."),
        ("He sings to the ...   See full summary »", "He sings to the."),
        ("He waits... and sings.", "He waits... and sings."),
    ],
)
def test_a_sentence_that_was_cut_off_is_left_out(tmp_path: Path, printed: str, whole: str) -> None:
    (tmp_path / "friends.csv").write_text(f'{HEADER}1994,1,1,The One,"{printed}"\n')
    assert episodes(tmp_path)[0].summary == whole


def test_wikitext_of_a_season_is_read_without_its_mark_up(tmp_path: Path) -> None:
    (tmp_path / "Friends_season_2.wiki").write_text(WIKITEXT)
    first, second = episodes(tmp_path)
    assert (first.work, first.title, first.year) == ("Friends s02e01", "The One with the Kite", 1995)
    assert first.summary == "Ann flies a kite & falls."
    assert (second.number, second.title, second.year) == (2, 'The One with "the Goat"', 1995)
    assert second.summary == "A goat eats a letter."


def test_a_headline_tells_the_season_of_a_page_with_several(tmp_path: Path) -> None:
    row = "{{Episode list|EpisodeNumber2=1|Title=A|ShortSummary=Something happens.}}\n"
    (tmp_path / "List of Friends episodes.txt").write_text(f"== Season 3 ==\n{row}== Season 4 ==\n{row}")
    assert [(one.season, one.number, one.year) for one in episodes(tmp_path)] == [(3, 1, 1996), (4, 1, 1997)]


def test_a_saved_page_is_read_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "List of Friends episodes.html").write_text(HTML, encoding="utf-8")
    first, second = episodes(tmp_path)
    assert (first.work, first.title, first.year, first.summary) == (
        "Friends s01e01",
        "The Pilot Light",
        1994,
        "A stove explodes.",
    )
    assert (second.number, second.title, second.summary) == (2, "Untitled", "A bus leaves.")


def test_a_page_without_summaries_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        episodes(tmp_path)
    (tmp_path / "Friends season 1.html").write_text("<html><table><tr class='vevent'><td>1</td></tr></table></html>")
    with pytest.raises(NoSummariesError, match="season 1"):
        episodes(tmp_path)


@pytest.mark.parametrize("ending", ["html", "wiki"])
def test_a_page_in_another_encoding_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"Friends season 1.{ending}").write_bytes("fiancé".encode("latin-1"))
    with pytest.raises(EncodingError):
        episodes(tmp_path)
