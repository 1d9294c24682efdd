from itertools import cycle

import pytest

from model.briefs import DialogBrief, PitchBrief, ScriptBrief, genre, theme
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.screenplay import Heading, Script, Turn
from training.embedded.polish import fine
from training.examples import Entry, Example, Passage

TOLD = "When a shy diver finds a singing shell, the whole village wants to hear it before the storm comes."


def pitch(title: str = "The Shell", summary: str = TOLD) -> Example:
    brief = PitchBrief(genre=genre("drama"), theme=theme("sea"))
    return Entry(work="w", brief=brief, draft=PitchDraft(title=title, summary=summary))


def page(*cues: str, speech: str = "I have lost the key.", turns: int = 6) -> tuple[Example, Example]:
    said = tuple(Turn(cue, speech) for cue, _ in zip(cycle(cues), range(turns), strict=False))
    script = Script((Heading("INT. ROOM - DAY"), *said))
    return (
        Entry(work="w", brief=DialogBrief(title="a", summary="b"), draft=DialogDraft(said)),
        Entry(work="w", brief=ScriptBrief(title="a", summary="b"), draft=ScriptDraft(script)),
    )


def test_a_pitch_that_tells_a_story_and_a_page_on_which_people_answer_are_fine() -> None:
    assert fine(pitch())
    assert all(map(fine, page("ANNA", "BEN")))
    assert all(map(fine, page("ANNA", "BEN", "CLEO")))


@pytest.mark.parametrize(
    "example",
    [
        pitch(summary=f"The story follows a diver. {TOLD}"),
        pitch(summary="A documentary on whales, their songs and the people who hear them every night."),
        pitch(summary="A diver drowns."),
        pitch(title="The Very Long and Rather Winding Title of It"),
        Passage(work="w", text="It rained."),
        *page("THE FATHER", "BEN"),
        *page("ANNA"),
        *page("ANNA", "BEN", "CLEO", "DORA"),
        *page("ANNA", "ANNA", "BEN", "BEN"),
        *page("ANNA", "BEN", speech="word " * 40 + "end."),
    ],
)
def test_what_is_not(example: Example) -> None:
    assert not fine(example)
