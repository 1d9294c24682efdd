"""The form of each task, token by token: what it lets through, what not, and models that know nothing held to it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import torch

from model import tasks
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.decoder import Halt, Sampling
from model.drafts import DialogDraft, ScriptDraft
from model.engines.constraint import Held, Vocabulary
from model.engines.repetition import Runs, ban, free_tokens
from model.engines.transformers_engine import TransformersDecoder
from model.grammar import INTRODUCED, grammar
from model.ranking import merit
from model.screenplay import read_turns
from tests.model import tiny

TOKENIZER = tiny.tokenizer()
VOCABULARY = Vocabulary(TOKENIZER, frozenset([0]), len(TOKENIZER))
PITCH = PitchBrief(genre=genre("drama"), theme=theme("sea"))
DIALOG = DialogBrief(title="Salt", summary="Two sisters.")
SCRIPT = ScriptBrief(title="Salt", summary="Two sisters.")
STAGING = StagingBrief(dialog=read_turns('ANNA: Where is "it"?\nÉMILE (low): Här / dort (да).\nANNA: So.'))
INTRODUCTION = "ANNA: Hi.\nBEN: Ho.\nANNA: A.\nBEN: B.\nANNA: C.\nBEN: D.\n"
PAGE = "CAST: ANNA, BEN\n[INT. KITCHEN - DAY]\n"
STAGED = "CAST: ANNA, ÉMILE\n[INT. ROOM - DAY]\n"


def goes_through(brief: Brief, text: str) -> bool:
    row = Held(VOCABULARY, grammar(brief))
    for token in [*TOKENIZER.encode(text), 0]:
        if not VOCABULARY.mask([row])[0, token]:
            return False
        row.add(token, str(TOKENIZER.decode([token], skip_special_tokens=True)))
    return True


@pytest.mark.parametrize(
    ("brief", "text"),
    [
        (PITCH, " The Long Way\nSUMMARY: A man goes home and finds it empty."),
        (PITCH, ' 雪の灯台 – Émile’s\nSUMMARY: She says to him: "Is this all there is?"'),
        (DIALOG, "ANNA: Hi."),
        (DIALOG, INTRODUCTION + "BEN: E."),
        (DIALOG, "АННА: Да (нет).\nOFFICER 2: No."),
        (SCRIPT, PAGE + "(Anna waits.)\nANNA (low): Who is (it)?\n[EXT. X - DAY]\nBEN: Me."),
        (SCRIPT, PAGE + "ANNA: Hi.\nBEN: Me."),
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
        (PITCH, " The Long Way\nSUMMARY: A man goes."),
        (PITCH, " The Long Way\nSUMMARY: A man goes home and finds it empty"),
        (PITCH, " The  Way\nSUMMARY: A man goes home and finds it empty."),
        (PITCH, " The Way\nSUMMARY: A man goes home and finds it empty.\nTITLE: Two"),
        (DIALOG, INTRODUCTION + "CARL: E."),
        (DIALOG, "(Anna waits.)\nANNA: Hi."),
        (DIALOG, "Anna: Hi."),
        (SCRIPT, "[INT. KITCHEN - DAY]\nANNA: Hi."),
        (SCRIPT, "CAST: ANNA\n[INT. KITCHEN - DAY]\nANNA: Hi."),
        (SCRIPT, PAGE + "CARL: Hi."),
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
async def test_a_model_that_knows_nothing_writes_what_parses(decoder: TransformersDecoder, brief: Brief) -> None:
    ended = 0
    for text, end in await rows(decoder, brief, 24):
        assert all(line.isprintable() for line in text.split("\n")[:-1])
        if end == "stop":
            ended += 1
            draft = tasks.parse(brief, text)
            turns = draft.script.turns if isinstance(draft, ScriptDraft) else draft.turns  # type: ignore[union-attr]
            assert isinstance(draft, DialogDraft) or set(draft.script.cast) <= set(  # type: ignore[union-attr]
                text.partition("\n")[0].removeprefix("CAST: ").split(", ")
            )
            assert len({turn.cue for turn in turns[INTRODUCED:]} - {turn.cue for turn in turns[:INTRODUCED]}) == 0
    assert ended or brief is SCRIPT


async def test_a_row_held_to_a_grammar_does_not_depend_on_those_beside_it(decoder: TransformersDecoder) -> None:
    alone = await rows(decoder, DIALOG, 1)
    assert (await rows(decoder, DIALOG, 5))[0] == alone[0]


def test_a_grammar_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        VOCABULARY.matcher("start: nowhere")


def test_a_run_of_words_does_not_come_twice_but_names_and_marks_may() -> None:
    free = free_tokens(TOKENIZER, len(TOKENIZER))
    words = {text: TOKENIZER.encode(text)[0] for text in ("a", "b", "c", "A", ":", "\n")}
    assert {words[text] for text in ("A", ":", "\n")} <= free
    assert not {words[text] for text in ("a", "b", "c")} & free
    row = Runs(3, free)
    for letter in "abcab":
        row.add(words[letter])
    assert row.banned() == {words["c"]}
    scores = torch.zeros(1, len(TOKENIZER))
    assert ban(scores, [row])[0, words["c"]] == -torch.inf
    only = torch.full_like(scores, -torch.inf)
    only[0, words["c"]] = 0.0
    assert ban(only, [row]).equal(only)  # nothing else may follow


def test_the_likelier_nearer_and_less_repetitive_beginning_is_better() -> None:
    brief = PitchBrief(genre=genre("drama"), theme=theme("lost lighthouse"))
    plain = merit(brief, " Salt\nSUMMARY: A woman returns to the sea", -20.0, 10)
    assert merit(brief, " Salt\nSUMMARY: A woman returns to the sea", -10.0, 10) > plain
    assert merit(brief, " Salt\nSUMMARY: A woman returns to lighthouses", -20.0, 10) > plain
    assert merit(brief, " Salt\nSUMMARY: A woman returns, returns, returns", -20.0, 10) < plain
