from pathlib import Path

import pytest

from model.briefs import DialogBrief, PitchBrief, ScriptBrief, StagingBrief, Theme, genre
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.screenplay import Direction, Heading, Script, Turn
from training.entries import BrokenEntriesError, load, save
from training.examples import Entry, Example, Passage

TURNS = (Turn("ANNA", "Is he gone?", "whispering"), Turn("BEN", "Not yet."))
SCRIPT = ScriptDraft(Script((Heading("INT. KITCHEN - NIGHT"), Direction("A kettle."), *TURNS)))
EVERY: list[Example] = [
    Entry(
        work="w",
        source="s",
        brief=PitchBrief(genre=genre("comedy"), theme=Theme("tea")),
        draft=PitchDraft(title="T", summary="S."),
    ),
    Entry(work="w", source="s", brief=DialogBrief(title="T", summary="S."), draft=DialogDraft(TURNS)),
    Entry(work="w", source="s", brief=ScriptBrief(title="T", summary="S."), draft=SCRIPT),
    Entry(work="w", source="s", brief=StagingBrief(dialog=TURNS), draft=SCRIPT),
    Passage(work="w", source="s", text="Line one.\nLine “two”."),
]


def test_examples_of_every_task_are_read_back_as_they_were(tmp_path: Path) -> None:
    save(EVERY, tmp_path / "a.jsonl")
    assert load(tmp_path / "a.jsonl") == EVERY
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("broken", ['{"task": "pit', '{"task": "script", "text": "no"}', "[]", '{"task": "pitch"}'])
def test_a_broken_line_is_named(broken: str, tmp_path: Path) -> None:
    save(EVERY[:2], tmp_path / "a.jsonl")
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write(broken + "\n")
    with pytest.raises(BrokenEntriesError) as caught:
        load(tmp_path / "a.jsonl")
    assert caught.value.line == 3
