from hypothesis import given, settings
from hypothesis import strategies as st

from model.briefs import StagingBrief
from model.drafts import ScriptDraft
from model.engine import generate
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.screenplay import Direction, Heading, Script, Turn
from model.staging import stage
from model.writer import Writer

KITCHEN = Heading("INT. KITCHEN - NIGHT")
KETTLE = Direction("The kettle boils.")
DIALOG = (Turn("ANNA", "Is he gone?"), Turn("BEN", "Not yet."))
CUES = st.sampled_from(["ANNA", "BEN", "CAROL"])
TURNS = st.builds(Turn, CUES, st.sampled_from(["Yes.", "No.", "Wait."]), st.sampled_from([None, "low", "smiling"]))
ELEMENTS = st.lists(st.one_of(TURNS, st.just(KITCHEN), st.just(KETTLE)), max_size=12)


@settings(deadline=None)
@given(st.lists(TURNS, min_size=1, max_size=6), ELEMENTS, TURNS)
def test_every_line_of_the_member_is_kept_in_order(dialog: list[Turn], middle: list[Turn], last: Turn) -> None:
    staged = stage(tuple(dialog), Script((KITCHEN, *middle, last)))
    assert [(turn.cue, turn.speech) for turn in staged.turns] == [(turn.cue, turn.speech) for turn in dialog]
    assert staged.elements[0] == KITCHEN


def test_a_script_that_kept_the_lines_stays_as_it_is() -> None:
    written = Script((KITCHEN, Turn("ANNA", "Is he gone?", "whispering"), KETTLE, DIALOG[1]))
    assert stage(DIALOG, written) == written


def test_the_members_own_manner_is_not_overwritten_nor_a_strangers_taken() -> None:
    mine = (Turn("ANNA", "Go.", "calm"), Turn("BEN", "No."))
    written = Script((KITCHEN, Turn("ANNA", "Leave!", "shouting"), Turn("CAROL", "No!", "crying")))
    assert stage(mine, written) == Script((KITCHEN, *mine))


def test_what_the_model_adds_after_the_last_line_is_left_out() -> None:
    written = Script((KITCHEN, *DIALOG, KETTLE, Turn("CAROL", "And I?")))
    assert stage(DIALOG, written) == Script((KITCHEN, *DIALOG))


async def test_the_writer_stages_a_dialog_without_changing_a_word() -> None:
    other = "CAST: RYAN\n[EXT. PIER - DAY]\nRYAN (coldly): Something else.\n(A gull cries.)\nRYAN: And more."
    writer = Writer(FakeDecoder([other]), TitleIndex.of([]))
    drafts = await generate(writer, StagingBrief(dialog=DIALOG))
    assert drafts == (
        ScriptDraft(Script((Heading("EXT. PIER - DAY"), DIALOG[0], Direction("A gull cries."), DIALOG[1]))),
    )
