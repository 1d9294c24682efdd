from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.checkpoint import BrokenCheckpointError
from model.originality import TitleIndex, normalise

SAME = [
    ("The Private Life of Pippa Lee", "private life of pippa lee"),
    ("White Fang", "White Fang (4K UHD)"),
    ("Pippa's Year", "Pippa’s Year"),
    ("Baahubali", "Baahubali (Hindi) [Subtitled]"),
    ("Amélie", "AMELIE"),
    ("Søren", "Soren"),
    ("Rocky II", "Rocky 2"),
    ("Alien 3", "Alien³"),
    ("Joker", "Joker (2019 film)"),
    ("The Office", "The Office (U.S. TV series)"),
    ("Fast & Furious", "Fast and Furious"),
    ("S.W.A.T.", "SWAT"),
    ("M*A*S*H", "MASH"),
    ("The A.B.C. Murders", "ABC Murders"),
    ("The Matrix", "Matrix, The"),
    ("Spider-Man", "Spider Man"),
    ("“Her”", "Her"),
    ("The Bitcoin Heist", "Bitcoin Heist"),
    ("Straße", "STRASSE"),
    ("Ｆｕｌｌ Width", "Full Width"),
    ("नमस्ते\u200d दुनिया", "नमस्ते दुनिया"),
]
DIFFERENT = [
    ("Up", "Upside Down"),
    ("Art", "Heart"),
    ("Her", "Here"),
    ("Ghost Light", "Ghost Lights"),
    ("Ghost Light", "Light Ghost"),
    ("The A", "A"),
    ("Rocky", "Rocky II"),
    ("The The", "The"),
    ("[REC]", "[REC] 2"),
    ("か", "が"),
    ("Kill Bill (Vol. 1)", "Kill Bill (Vol. 2)"),
    ("V", "5"),
    ("Chapter Two", "Chapter"),
    ("!!!", "???"),
    ("🎃", "👻"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_title_are_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert TitleIndex.of([one]).taken(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_titles_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)
    assert not TitleIndex.of([one]).taken(other)


@given(st.text(min_size=1).filter(lambda text: not text.isspace()))
def test_a_title_never_loses_its_key(title: str) -> None:
    assert normalise(title) or not title.strip()


@given(st.text())
def test_case_and_outer_space_never_matter(title: str) -> None:
    assert normalise(f"  {title} ") == normalise(title)


def test_a_written_index_reads_back(tmp_path: Path) -> None:
    assert TitleIndex.build(["The Matrix", "Matrix, The", "Heat", ""], tmp_path / "titles.trie") == 2
    index = TitleIndex.load(tmp_path / "titles.trie")
    assert len(index) == 2
    assert index.taken("MATRIX")
    assert not index.taken("Mat")
    assert [path.name for path in tmp_path.iterdir()] == ["titles.trie"]


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpointError) as caught:
        TitleIndex.load(tmp_path / "titles.trie")
    assert (caught.value.path.name, caught.value.reason) == ("titles.trie", "missing")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_index_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "titles.trie"
    TitleIndex.build((f"show number {number}" for number in range(500)), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BrokenCheckpointError, match="truncated"):
        TitleIndex.load(path)
