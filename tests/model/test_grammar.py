# ruff: noqa: S311 - no secrets are drawn here
"""The form of each task, token by token: what it lets through, what not, and models that know nothing held to it."""

from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import torch

from model import tasks
from model.briefs import Brief, DialogBrief, LineBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.decoder import Halt, Sampling
from model.drafts import PitchDraft, ScriptDraft
from model.engines.constraint import Held, Vocabulary
from model.engines.repetition import Runs, ban, beginnings
from model.engines.spelling import Spelling
from model.engines.transformers_engine import TransformersDecoder
from model.grammar import INTRODUCED, LONGEST, grammar
from model.ranking import merit
from model.screenplay import Heading, Script, read_line, read_turns
from tests.model import tiny

TOKENIZER = tiny.tokenizer()
END = 0
ASCII = {token for token in range(len(TOKENIZER)) if str(TOKENIZER.decode([token])).isascii()}
CLOSERS = [TOKENIZER.encode(text)[0] for text in ("\n", "]", ")", ":", ".", " ")]
VOCABULARY = Vocabulary(TOKENIZER, frozenset([0]), len(TOKENIZER))
PITCH = PitchBrief(genre=genre("drama"), theme=theme("sea"))
DIALOG = DialogBrief(title="Salt", summary="Two sisters.")
SCRIPT = ScriptBrief(title="Salt", summary="Two sisters.")
LINE = LineBrief(
    title="Salt",
    summary="Two sisters.",
    script=Script((Heading("INT. SHOP - DAY"), *read_turns("ANNA: Yes.\nBEN: No."))),
    at=1,
)
STAGING = StagingBrief(dialog=read_turns('ANNA: Where is "it"?\nÉMILE (low): Här / dort (да).\nANNA: So.'))
INTRODUCTION = "ANNA: Hi.\nBEN: Ho.\nANNA: A.\nBEN: B.\nANNA: C.\nBEN: D.\n"
PAGE = "CAST: ANNA, BEN\n[INT. KITCHEN - DAY]\n"
STAGED = "CAST: ANNA, ÉMILE\n[INT. ROOM - DAY]\n"


def goes_through(brief: Brief, text: str) -> bool:
    row, spelling = Held(VOCABULARY, grammar(brief)), Spelling(TOKENIZER, ())
    for token in TOKENIZER.encode(text):
        if not VOCABULARY.mask([row])[0, token]:
            return False
        row.add(token, spelling.add(token))
    return bool(VOCABULARY.mask([row])[0, END])


def written_by_chance(brief: Brief, random: Random) -> str:
    """Go on with any token that may follow, with ends of lines and of the text rather than others."""
    row, spelling, text = Held(VOCABULARY, grammar(brief)), Spelling(TOKENIZER, ()), ""
    for _ in range(2000):
        every = VOCABULARY.mask([row])[0].nonzero().flatten().tolist()
        allowed = [token for token in every if token in ASCII] or every
        wanted = [token for token in (END, *CLOSERS) if token in allowed]
        token = random.choice(wanted) if wanted and random.random() < 0.5 else random.choice(allowed)
        if token == END:
            return text
        text += (piece := spelling.add(token))
        row.add(token, piece)
    raise AssertionError(text)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("brief", [PITCH, DIALOG, SCRIPT, STAGING], ids=["pitch", "dialog", "script", "staging"])
def test_whatever_is_written_by_chance_parses_and_ends(brief: Brief, seed: int) -> None:
    draft = tasks.parse(brief, written_by_chance(brief, Random(seed)))
    if isinstance(brief, StagingBrief):
        assert isinstance(draft, ScriptDraft)
        assert [(turn.cue, turn.speech) for turn in draft.script.turns] == [(t.cue, t.speech) for t in brief.dialog]
    elif not isinstance(draft, PitchDraft):
        turns = draft.script.turns if isinstance(draft, ScriptDraft) else draft.turns
        assert len(turns) <= LONGEST
        assert all(one.cue != other.cue for one, other in pairwise(turns))
        assert {turn.cue for turn in turns[INTRODUCED:]} <= {turn.cue for turn in turns[:INTRODUCED]} or brief == SCRIPT


@pytest.mark.parametrize(
    ("brief", "text"),
    [
        (PITCH, " The Long Way\nSUMMARY: A man goes home and finds it empty."),
        (PITCH, ' 雪の灯台 – Émile’s\nSUMMARY: She says to him: "Is this all there is?"'),
        (DIALOG, "ANNA: Hi.\nBEN: Ho.\nANNA: A.\nBEN: B."),
        (DIALOG, INTRODUCTION + "ANNA: E."),
        (DIALOG, "АННА: Да (нет).\nOFFICER 2: No.\nАННА: Да?\nOFFICER 2: Go."),
        (SCRIPT, PAGE + "(Anna waits.)\nANNA (low): Who is (it)?\n[EXT. X - DAY]\nBEN: Me.\nANNA: A.\nBEN: B."),
        (SCRIPT, PAGE + "ANNA: Hi.\nBEN: Me.\n(He goes.)\nANNA: No.\nBEN: Yes."),
        (
            STAGING,
            STAGED + '(She sits.)\nANNA (loud): Where is "it"?\nÉMILE (low): Här / dort (да).\n(Out.)\nANNA: So.',
        ),
        (STAGING, STAGED + 'ANNA: Where is "it"?\nÉMILE (low): Här / dort (да).\n[EXT. SEA - NIGHT]\nANNA: So.'),
    ],
)
def test_what_a_task_asks_for_goes_through_and_parses(brief: Brief, text: str) -> None:
    assert goes_through(brief, text)
    assert tasks.completion(tasks.parse(brief, text)) == text


@pytest.mark.parametrize(
    ("brief", "text"),
    [
        (LINE, "Who has it?"),
        (LINE, "Who has it?\nBEN: Me.\n"),
        (PITCH, " The Long Way\nSUMMARY: A man goes."),
        (PITCH, " The Long Way\nSUMMARY: A man goes home and finds it empty"),
        (PITCH, " The  Way\nSUMMARY: A man goes home and finds it empty."),
        (PITCH, " The Way\nSUMMARY: A man goes home and finds it empty.\nTITLE: Two"),
        (DIALOG, INTRODUCTION + "CARL: E."),
        (DIALOG, INTRODUCTION + "BEN: E."),
        (DIALOG, "ANNA: Hi.\nANNA: Ho.\nBEN: A.\nBEN: B."),
        (DIALOG, "ANNA: Hi.\nBEN: Ho.\nANNA: A."),
        (DIALOG, "(Anna waits.)\nANNA: Hi."),
        (DIALOG, "Anna: Hi."),
        (SCRIPT, "[INT. KITCHEN - DAY]\nANNA: Hi."),
        (SCRIPT, "CAST: ANNA\n[INT. KITCHEN - DAY]\nANNA: Hi."),
        (SCRIPT, PAGE + "CARL: Hi."),
        (SCRIPT, "CAST: ANNA, ANNA\n[INT. KITCHEN - DAY]\nANNA: Hi.\nANNA: Ho."),
        (SCRIPT, PAGE + "ANNA: Hi.\nBEN: Me."),
        (SCRIPT, PAGE + "(One.)\n(Two.)\nANNA: Hi.\nBEN: Me.\nANNA: A.\nBEN: B."),
        (SCRIPT, PAGE + "ANNA: Hi.\n(She goes.)"),
        (SCRIPT, PAGE + "ANNA: Hi.\n[EXT. SEA - DAY]\n[EXT. SEA - DAY]\nBEN: No."),
        (STAGING, STAGED + "ANNA: Where is it?"),
        (STAGING, STAGED + 'ANNA: Where is "it"?\nANNA: So.'),
        (STAGING, STAGED + 'ANNA: Where is "it"?\nÉMILE (loud): Här / dort (да).\nANNA: So.'),
    ],
)
def test_what_no_task_asks_for_does_not(brief: Brief, text: str) -> None:
    assert not goes_through(brief, text)


@pytest.fixture(params=["llama", "gpt2", "gptj"])
async def decoder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[TransformersDecoder]:
    made = TransformersDecoder.load(tiny.write(tmp_path / "model", request.param), threads=1)
    yield made
    made.close()


async def rows(decoder: TransformersDecoder, brief: Brief, count: int) -> list[tuple[str, str | None]]:
    sampling = Sampling(temperature=1.0, max_tokens=70, grammar=grammar(brief))
    found: list[tuple[str, str | None]] = [("", None)] * count
    async for chunk in decoder.decode(tasks.prompt(brief)[-1:], range(count), sampling, Halt()):
        found[chunk.row] = (found[chunk.row][0] + chunk.text, chunk.end)
    return found


@pytest.mark.parametrize("brief", [DIALOG, SCRIPT])
async def test_a_model_that_knows_nothing_writes_lines_of_a_page(decoder: TransformersDecoder, brief: Brief) -> None:
    for text, end in await rows(decoder, brief, 12):
        whole = text if end == "stop" else text.rpartition("\n")[0]
        assert all(read_line(line) for line in whole.split("\n") if line and not line.startswith("CAST: "))


async def test_a_row_held_to_a_grammar_does_not_depend_on_those_beside_it(decoder: TransformersDecoder) -> None:
    alone = await rows(decoder, DIALOG, 1)
    assert (await rows(decoder, DIALOG, 5))[0] == alone[0]


def test_a_grammar_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        VOCABULARY.matcher("start: nowhere")


def test_a_run_of_words_does_not_come_twice_but_names_and_pieces_of_words_may() -> None:
    begins = beginnings(TOKENIZER, len(TOKENIZER))
    assert all(str(TOKENIZER.decode([token]))[:1] == " " for token in begins)
    row, spelling = Runs(3, begins), Spelling(TOKENIZER, ())
    for token in TOKENIZER.encode("So she tells it. She tells"):
        row.add(token, spelling.add(token))
    (again,) = row.banned()
    assert TOKENIZER.encode(" it")[0] == again
    scores = torch.zeros(1, len(TOKENIZER))
    assert ban(scores, [row])[0, again] == -torch.inf
    only = torch.full_like(scores, -torch.inf)
    only[0, again] = 0.0
    assert ban(only, [row]).equal(only)  # nothing else may follow
    for token in TOKENIZER.encode(" Bartholomew.\nBEN: She tells Bartholomew"):
        assert token not in row.banned() or token == again
        row.add(token, spelling.add(token))


def test_a_row_whose_grammar_this_vocabulary_cannot_be_held_to_is_free() -> None:
    row = Held(VOCABULARY, lambda _: "start: nowhere")
    assert VOCABULARY.mask([row]).all()
    row.add(5, "x")
    assert VOCABULARY.mask([row]).all()


def test_a_tokenizer_without_an_end_or_of_the_old_kind_is_left_free() -> None:
    assert Vocabulary.of(TOKENIZER, frozenset(), len(TOKENIZER)) is None
    assert Vocabulary.of(TOKENIZER, frozenset([10**6]), len(TOKENIZER)) is None


def test_a_page_that_was_held_to_its_form_can_be_asked_for_again() -> None:
    for character in "<>{}|`\\\ufffd[]":
        assert not goes_through(DIALOG, f"ANNA: Hi.\nBEN: Ho.\nANNA: A{character}.\nBEN: B.")
    assert not goes_through(PITCH, " Wait…\nSUMMARY: A man goes home and finds it empty.")
    assert goes_through(LINE, " Who has it?\n")


def test_the_more_typical_nearer_and_less_repetitive_beginning_is_better() -> None:
    brief = PitchBrief(genre=genre("drama"), theme=theme("lost lighthouse"))
    plain = merit(brief, " Salt\nSUMMARY: A woman returns to the sea", -20.0, 10)
    trite, wild = (merit(brief, " Salt\nSUMMARY: A woman returns to the sea", likely, 10) for likely in (-5.0, -50.0))
    assert max(trite, wild) < plain
    assert merit(brief, " Salt\nSUMMARY: A woman returns to lighthouses", -20.0, 10) > plain
    assert merit(brief, " Salt\nSUMMARY: A woman returns, returns, returns", -20.0, 10) < plain
