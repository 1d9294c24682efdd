"""The four tasks: the exact text that goes in, the exact text that comes out, and its inverse.

==============================  ==========================================  =================
brief                           prompt                                      completion
==============================  ==========================================  =================
genre, theme                    ``GENRE: … THEME: … TITLE:``                title, summary
title, summary                  ``TITLE: … SUMMARY: … DIALOG:``             a dialog
title, summary                  ``TITLE: … SUMMARY: … SCRIPT:``             cast and script
dialog                          ``DIALOG: … SCRIPT:``                       cast and script
script, place of a turn         ``TITLE: … SCRIPT: … NAME: ``                the script, that speech anew
==============================  ==========================================  =================

Every field stands on a line of its own. A completion ends where the tokenizer's end-of-text token stands.
Changing a character here changes what a trained model expects: raise ``FORMAT_VERSION``.
"""

from dataclasses import dataclass, replace
from typing import Final

from model.briefs import BadBriefError, Brief, DialogBrief, LineBrief, PitchBrief, ScriptBrief, StagingBrief
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.screenplay import Element, Heading, NotAScriptError, Script, Turn, lines, read_line

FORMAT_VERSION: Final = 1
_SUMMARY: Final = "\nSUMMARY: "
_CAST: Final = "CAST: "


class UnreadableError(ValueError):
    """The model's text is not what the task asks for; ``text`` holds it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a prompt. What a member wrote (``foreign``) never becomes a control token."""

    text: str
    foreign: bool = False


Prompt = tuple[Span, ...]


def prompt(brief: Brief) -> Prompt:
    """Return what the model reads before it writes."""
    match brief:
        case PitchBrief():
            return _fields(("GENRE", brief.genre), ("THEME", brief.theme), end="TITLE:")
        case DialogBrief():
            return _fields(("TITLE", brief.title), ("SUMMARY", brief.summary), end="DIALOG:\n")
        case ScriptBrief():
            return _fields(("TITLE", brief.title), ("SUMMARY", brief.summary), end="SCRIPT:\n")
        case LineBrief():
            before = f"{_CAST}{', '.join(brief.script.cast)}\n{lines(brief.script.elements[: brief.at])}\n"
            cue = lines([replace(brief.turn, speech="…")]).removesuffix("…")
            show = _fields(("TITLE", brief.title), ("SUMMARY", brief.summary), end="SCRIPT:\n")
            return *show, Span(before + cue, foreign=True)
        case StagingBrief():
            return Span("DIALOG:\n"), Span(lines(brief.dialog), foreign=True), Span("\nSCRIPT:\n")


def _fields(*fields: tuple[str, str], end: str) -> Prompt:
    spans: list[Span] = []
    before = ""
    for name, value in fields:
        spans += [Span(f"{before}{name}: "), Span(value, foreign=True)]
        before = "\n"
    return *spans, Span("\n" + end)


def text(spans: Prompt) -> str:
    """Return the prompt as one string."""
    return "".join(span.text for span in spans)


def completion(draft: Draft) -> str:
    """Return what the model writes for this draft, without the end marker."""
    match draft:
        case PitchDraft():
            return f" {draft.title}{_SUMMARY}{draft.summary}"
        case DialogDraft():
            return lines(draft.turns)
        case ScriptDraft():
            return f"{_CAST}{', '.join(draft.script.cast)}\n{lines(draft.script.elements)}"


def parse(brief: Brief, written: str, *, finished: bool = True) -> Draft:
    """Return the draft that ``written`` holds; the inverse of :func:`completion`.

    Headings at the end of a script, under which nothing stands, are left out.
    With ``finished=False`` (the model ran into its length limit) the last, broken line of a dialog or
    script is left out, so that it still ends on a whole turn.

    Raises:
        UnreadableError: the text is not of the task's form.
    """
    try:
        if isinstance(brief, PitchBrief):
            return _pitch(written, finished=finished)
        if isinstance(brief, LineBrief):
            return _said_anew(brief, written, finished=finished)
        rows = written.strip("\n").split("\n")
        if not finished:
            rows = rows[:-1]
        if isinstance(brief, DialogBrief):
            return DialogDraft(tuple(_turn(read_line(row)) for row in rows))
        return ScriptDraft(_script(rows))
    except (BadBriefError, NotAScriptError) as error:
        raise UnreadableError(written) from error


def _pitch(written: str, *, finished: bool) -> PitchDraft:
    title, marker, summary = written.partition(_SUMMARY)
    if not marker or not finished or "\n" in summary:
        raise UnreadableError(written)
    return PitchDraft(title=title.strip(" "), summary=summary)


def partial_pitch(written: str) -> tuple[str | None, str]:
    """Return the title, once its line is complete, and as much of the summary as stands in ``written``."""
    title, newline, rest = written.partition("\n")
    if not newline:
        return None, ""
    return title.strip(" "), rest.removeprefix(_SUMMARY[1:]) if rest.startswith(_SUMMARY[1:]) else ""


def _said_anew(brief: LineBrief, written: str, *, finished: bool) -> ScriptDraft:
    speech, newline, _ = written.removeprefix(" ").partition("\n")
    if not newline and not finished:
        raise UnreadableError(written)
    elements = list(brief.script.elements)
    elements[brief.at] = replace(brief.turn, speech=speech)
    return ScriptDraft(Script(tuple(elements)))


def _turn(element: Element) -> Turn:
    if not isinstance(element, Turn):
        raise NotAScriptError(str(element))
    return element


def _script(rows: list[str]) -> Script:
    if not rows or not rows[0].startswith(_CAST):
        raise NotAScriptError(rows[0] if rows else "")
    elements = [read_line(row) for row in rows[1:]]
    while elements and isinstance(elements[-1], Heading):
        elements.pop()
    script = Script(tuple(elements))
    named = rows[0].removeprefix(_CAST).split(", ")
    strangers = [cue for cue in script.cast if cue not in named]
    if strangers:
        raise NotAScriptError(strangers[0])
    return script
