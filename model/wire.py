"""Between our values and the JSON that bot and worker exchange: briefs and events, each way."""

import json
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from model import briefs, engine, schema
from model.briefs import BadBriefError, Brief, DialogBrief, LineBrief, PitchBrief, ScriptBrief, StagingBrief
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.engine import ANYHOW, Event, Terms
from model.problems import problem_to_error
from model.schema import Problem
from model.screenplay import Direction, Element, Heading, NotAScriptError, Script, Turn

_BRIEF: Final[TypeAdapter[Any]] = TypeAdapter(schema.BriefWire)
_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(schema.EventWire)


class WireError(ValueError):
    """What arrived is not what was agreed; ``detail`` names the place and the reason."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def brief_to_json(brief: Brief, terms: Terms = ANYHOW) -> str:
    """Return the body of a request; :func:`order_from_json` is the inverse."""
    match brief:
        case PitchBrief():
            wire: BaseModel = schema.PitchBriefWire(
                genre=brief.genre,
                theme=brief.theme,
                count=brief.count,
                seed=brief.seed,
                avoid=list(brief.avoid),
                preset=brief.preset,
            )
        case DialogBrief():
            wire = schema.DialogBriefWire(title=brief.title, summary=brief.summary, seed=brief.seed)
        case ScriptBrief():
            wire = schema.ScriptBriefWire(title=brief.title, summary=brief.summary, seed=brief.seed)
        case LineBrief():
            elements = [_element_out(element) for element in brief.script.elements]
            wire = schema.LineBriefWire(
                title=brief.title, summary=brief.summary, elements=elements, at=brief.at, seed=brief.seed
            )
        case StagingBrief():
            wire = schema.StagingBriefWire(dialog=[_turn_out(turn) for turn in brief.dialog], seed=brief.seed)
    return dump(wire if terms == ANYHOW else wire.model_copy(update={"terms": _terms_out(terms)}))


def brief_from_json(body: bytes | str) -> Brief:
    """Return the brief that a request asks for, on whatever terms.

    Raises:
        WireError: see :func:`order_from_json`.
    """
    return order_from_json(body)[0]


def order_from_json(body: bytes | str) -> tuple[Brief, Terms]:
    """Return the brief that a request asks for, and the terms.

    Raises:
        WireError: the body is no JSON of the agreed shape, or holds text the model must not see.
    """
    wire = _validated(_BRIEF, body)
    return _brief_in(wire), ANYHOW if wire.terms is None else Terms(**wire.terms.model_dump())


def _brief_in(wire: schema.BriefWire) -> Brief:
    try:
        match wire:
            case schema.PitchBriefWire():
                return PitchBrief(
                    genre=briefs.genre(wire.genre),
                    theme=briefs.theme(wire.theme),
                    count=wire.count,
                    seed=wire.seed,
                    avoid=tuple(wire.avoid),
                    preset=wire.preset,
                )
            case schema.DialogBriefWire(title=title, summary=summary, seed=seed):
                return DialogBrief(title=briefs.title(title), summary=briefs.summary(summary), seed=seed)
            case schema.ScriptBriefWire(title=title, summary=summary, seed=seed):
                return ScriptBrief(title=briefs.title(title), summary=briefs.summary(summary), seed=seed)
            case schema.LineBriefWire(title=title, summary=summary, elements=elements, at=at, seed=seed):
                script = Script(tuple(map(_element_in, elements)))
                title, summary = briefs.title(title), briefs.summary(summary)
                return LineBrief(title=title, summary=summary, script=script, at=at, seed=seed)
            case schema.StagingBriefWire():
                return StagingBrief(dialog=tuple(map(_turn_in, wire.dialog)), seed=wire.seed)
    except (BadBriefError, NotAScriptError) as error:
        raise WireError(f"{type(error).__name__}: {error}") from error


def activation_from_json(body: bytes | str) -> str | None:
    """Return the name of the adapter that a request wants active.

    Raises:
        WireError: the body is no JSON of the agreed shape.
    """
    wire: schema.Activation = _validated(TypeAdapter(schema.Activation), body)
    return wire.name


def event_to_json(event: Event) -> tuple[str, str]:
    """Return the name of the event and its JSON on one line; :func:`event_from_json` is the inverse."""
    match event:
        case engine.Queued(place):
            wire: BaseModel = schema.QueuedWire(place=place)
        case engine.Text(slot, text):
            wire = schema.TextWire(slot=slot, text=text)
        case engine.Retracted(slot):
            wire = schema.RetractedWire(slot=slot)
        case engine.Drafted(slot, draft):
            wire = schema.DraftedWire(slot=slot, draft=_draft_out(draft))
        case engine.Finished(model=model, computed=computed, kept=kept, dropped=dropped):
            wire = schema.FinishedWire(model=model, computed=computed, kept=kept, dropped=dict(dropped))
    return wire.type, dump(wire)  # type: ignore[attr-defined]


def event_from_json(line: str) -> Event:
    """Return the event on ``line``.

    Raises:
        WireError: the line is no event of ours.
        EngineError: the event is an error; this is it.
    """
    match wire := _validated(_EVENT, line):
        case schema.QueuedWire(place=place):
            return engine.Queued(place)
        case schema.TextWire(slot=slot, text=text):
            return engine.Text(slot, text)
        case schema.RetractedWire(slot=slot):
            return engine.Retracted(slot)
        case schema.DraftedWire(slot=slot, draft=draft):
            return engine.Drafted(slot, _draft_in(draft))
        case schema.FinishedWire():
            return engine.Finished(model=wire.model, computed=wire.computed, kept=wire.kept, dropped=wire.dropped)
        case _:
            raise problem_to_error(wire.error)


def problem_from_json(body: bytes | str) -> Problem:
    """Return the problem in the body of a failed request.

    Raises:
        WireError: the body is something else (a proxy's page, say).
    """
    body_wire: schema.ProblemBody = _validated(TypeAdapter(schema.ProblemBody), body)
    return body_wire.error


def dump(wire: BaseModel) -> str:
    """Return one line of ASCII JSON: no line separator of any script can break an event apart."""
    return json.dumps(wire.model_dump(exclude_none=True))


def _validated(adapter: TypeAdapter[Any], body: bytes | str) -> Any:  # noqa: ANN401 - a union that match takes apart
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise WireError(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error


def _terms_out(terms: Terms) -> schema.TermsWire:
    return schema.TermsWire(server=terms.server, member=terms.member, within=terms.within, adapter=terms.adapter)


def _turn_out(turn: Turn) -> schema.TurnWire:
    return schema.TurnWire(cue=turn.cue, speech=turn.speech, manner=turn.manner)


def _turn_in(turn: schema.TurnWire) -> Turn:
    return Turn(turn.cue, turn.speech, turn.manner)


def _element_out(element: Element) -> schema.ElementWire:
    match element:
        case Heading(text):
            return schema.HeadingWire(text=text)
        case Direction(text):
            return schema.DirectionWire(text=text)
        case Turn():
            return _turn_out(element)


def _element_in(element: schema.ElementWire) -> Element:
    match element:
        case schema.HeadingWire(text=text):
            return Heading(text)
        case schema.DirectionWire(text=text):
            return Direction(text)
        case schema.TurnWire():
            return _turn_in(element)


def _draft_out(draft: Draft) -> schema.DraftWire:
    match draft:
        case PitchDraft():
            return schema.PitchDraftWire(title=draft.title, summary=draft.summary)
        case DialogDraft(turns):
            return schema.DialogDraftWire(turns=[_turn_out(turn) for turn in turns])
        case ScriptDraft(script):
            return schema.ScriptDraftWire(elements=[_element_out(element) for element in script.elements])


def _draft_in(draft: schema.DraftWire) -> Draft:
    try:
        match draft:
            case schema.PitchDraftWire(title=title, summary=summary):
                return PitchDraft(title=title, summary=summary)
            case schema.DialogDraftWire(turns=turns):
                return DialogDraft(tuple(map(_turn_in, turns)))
            case schema.ScriptDraftWire(elements=elements):
                return ScriptDraft(Script(tuple(map(_element_in, elements))))
    except (BadBriefError, NotAScriptError) as error:
        raise WireError(f"draft: {error}") from error
