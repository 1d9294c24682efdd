import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import problems, wire
from model.adapter_errors import AdapterRefusedError, NoStoreError, NothingBeforeError
from model.briefs import Brief, DialogBrief, LineBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.engine import (
    ANYHOW,
    DeadlineError,
    Drafted,
    EngineError,
    EngineFailedError,
    EngineUnauthorizedError,
    EngineUnavailableError,
    Event,
    Finished,
    LineFullError,
    NothingOriginalError,
    Queued,
    Retracted,
    Terms,
    Text,
)
from model.engines import AdapterMissingError, PromptTooLongError
from model.schema import ErrorWire, ProblemBody
from model.screenplay import Direction, Heading, Script, Turn

TURNS = (Turn("ANNA", "Weg?", "leise"), Turn("БЕН", "雪。"))
BRIEFS: list[Brief] = [
    PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=3, seed=7, avoid=("Up", "Höhle")),
    PitchBrief(genre=genre("comedy"), theme=theme("time travel"), preset="bold"),
    DialogBrief(title="雪", summary="Two sisters.", seed=1),
    ScriptBrief(title="Salt", summary="Two sisters."),
    StagingBrief(dialog=TURNS, seed=2**31 - 1),
    LineBrief(title="Salt", summary="Two.", script=Script((Heading("INT. SHOP - DAY"), *TURNS)), at=2, seed=4),
]
EVENTS: list[Event] = [
    Queued(1),
    Text(0, " Sa\u2028lt\u0085\r\n👩‍👩‍👧"),
    Retracted(3),
    Drafted(1, PitchDraft(title="Salt", summary="Two sisters.")),
    Drafted(0, DialogDraft(TURNS)),
    Drafted(0, ScriptDraft(Script((Heading("INT. SHOP - DAY"), Direction("Rain."), *TURNS)))),
    Finished(model="fake", computed=9, kept=7, dropped={"taken": 2}),
]
ERRORS: list[EngineError] = [
    LineFullError(12),
    NothingOriginalError(),
    EngineFailedError("ab12"),
    DeadlineError(2.5),
    PromptTooLongError(1500, 1023),
    EngineUnauthorizedError(),
    EngineUnavailableError("the worker is not ready"),
    AdapterMissingError("community-1"),
    AdapterRefusedError("community-1", "truncated or altered"),
    NothingBeforeError(),
    NoStoreError(),
]


@pytest.mark.parametrize("brief", BRIEFS)
def test_a_brief_crosses_the_wire_unchanged(brief: Brief) -> None:
    assert wire.brief_from_json(wire.brief_to_json(brief)) == brief


@pytest.mark.parametrize(
    "terms", [ANYHOW, Terms(adapter=""), Terms(server="a1", member="b2", within=900.0, adapter="warm-v2")]
)
def test_the_terms_cross_the_wire_unchanged(terms: Terms) -> None:
    assert wire.order_from_json(wire.brief_to_json(BRIEFS[0], terms)) == (BRIEFS[0], terms)


def test_a_brief_on_no_particular_terms_says_nothing_of_them() -> None:
    assert "terms" not in json.loads(wire.brief_to_json(BRIEFS[0], Terms()))


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_crosses_the_wire_unchanged_on_one_ascii_line(event: Event) -> None:
    name, line = wire.event_to_json(event)
    assert json.loads(line)["type"] == name
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert wire.event_from_json(line) == event


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_crosses_the_wire_unchanged(error: EngineError) -> None:
    problem = problems.error_to_problem(error)
    with pytest.raises(type(error)) as caught:
        wire.event_from_json(wire.dump(ErrorWire(error=problem)))
    assert vars(caught.value) == vars(error)
    assert wire.problem_from_json(wire.dump(ProblemBody(error=problem))) == problem


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("", "body"),
        ("[]", "body"),
        ('{"task": "poem"}', "body"),
        ('{"task": "pitch", "genre": "comedy"}', "theme"),
        ('{"task": "pitch", "genre": "comedy", "theme": "x", "count": "5"}', "count"),
        ('{"task": "pitch", "genre": "comedy", "theme": "x", "count": 11}', "count"),
        ('{"task": "pitch", "genre": "comedy", "theme": "x", "extra": 1}', "extra"),
        ('{"task": "pitch", "genre": "jazz noir", "theme": "x"}', "UnknownGenreError"),
        ('{"task": "dialog", "title": "<|end|>", "summary": "x"}', "BadCharactersError"),
        ('{"task": "script", "title": "a", "summary": "b", "terms": {"within": 0}}', "terms.within"),
        ('{"task": "script", "title": "a", "summary": "b", "terms": {"within": Infinity}}', "terms.within"),
        ('{"task": "script", "title": "a", "summary": "b", "terms": {"server": "%s"}}' % ("a" * 65), "terms.server"),
        ('{"task": "staging", "dialog": []}', "dialog"),
        ('{"task": "staging", "dialog": [{"cue": "anna", "speech": "x"}]}', "NotAScriptError"),
    ],
)
def test_a_bad_brief_is_refused_with_the_place(body: str, place: str) -> None:
    with pytest.raises(wire.WireError, match=place):
        wire.brief_from_json(body)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"type": "queued", "place": 0}',
        '{"type": "draft", "slot": 0, "draft": {"kind": "pitch", "title": "", "summary": "x"}}',
        '{"type": "draft", "slot": 0, "draft": {"kind": "script", "elements": []}}',
    ],
)
def test_an_event_of_another_shape_is_refused(line: str) -> None:
    with pytest.raises(wire.WireError):
        wire.event_from_json(line)


@given(st.binary())
def test_any_bytes_are_a_brief_or_refused(body: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.brief_from_json(body)
