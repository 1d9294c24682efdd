from pathlib import Path

import pytest

from model.briefs import PitchBrief, genre, theme
from model.checkpoint import EMBEDDED
from model.drafts import PitchDraft
from training import entries
from training.examples import Entry
from training.replay import Writing, of_corpus, of_itself
from training.sources.base import MissingFileError


def test_a_prepared_corpus_is_drawn_from_and_what_it_holds_out_stays_held_out(tmp_path: Path) -> None:
    brief = PitchBrief(genre=genre("comedy"), theme=theme("the sea"))
    every = [
        Entry(work=f"Show {number}", brief=brief, draft=PitchDraft(title=f"Show {number}", summary="A baker."))
        for number in range(40)
    ]
    entries.save(every[:30], tmp_path / "train.jsonl")
    entries.save(every[30:], tmp_path / "held-out.jsonl")
    found = of_corpus(tmp_path, 20, seed=1)
    assert len(found.train) == 20
    assert len(found.held_out) == 5
    assert {one.work for one in found.held_out} <= {one.work for one in every[30:]}


def test_a_corpus_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        of_corpus(tmp_path, 20, seed=1)


def test_the_writers_own_texts_are_written_once_and_read_back(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "replay.jsonl"
    wanted = Writing(slates=2, pages=1)
    first = of_itself(str(EMBEDDED), None, kept, wanted)
    assert {"pitch", "script", "dialog"} <= {one.task for one in (*first.train, *first.held_out)}

    def never() -> None:
        raise AssertionError

    assert of_itself(str(EMBEDDED), None, kept, wanted, never) == first
    assert not {one.completion for one in first.train} & {one.completion for one in first.held_out}
