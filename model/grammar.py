"""The form of each task as a grammar that a decoder can be held to: what is written then always parses.

Grammars are in Lark's notation. They are told line by line, because what may follow depends on what was written: only
the cast of a script speaks, and a dialog keeps to those who spoke in its first lines.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Final

from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief
from model.screenplay import NotAScriptError, Turn, cast, read_line

Grammar = Callable[[str], str | None]
"""What may follow the whole lines written so far ("" at the beginning), or None: what was said before goes on."""

INTRODUCED: Final = 6  # turns of a dialog after which nobody else joins
MOST: Final = 4  # of a cast
_PLAIN: Final = r"[^\s()\[\]\x00-\x1f\x7f]+( [^\s()\[\]\x00-\x1f\x7f]+)*"
_SAID: Final = r"[^\s\x00-\x1f\x7f]+( [^\s\x00-\x1f\x7f]+)*"
_LETTERS: Final = r"\p{Lu}\p{Lo}\p{N}"
_NAME: Final = rf"[{_LETTERS}][{_LETTERS}\p{{Lm}}\p{{M}}'’.-]*"
_CUE: Final = rf"[\p{{Lu}}\p{{Lo}}][{_LETTERS}\p{{Lm}}\p{{M}}'’.-]*( {_NAME}){{0,2}}"
_TITLE: Final = r"[^\s<>|\[\]{}\\`\x00-\x1f\x7f]+( [^\s<>|\[\]{}\\`\x00-\x1f\x7f]+){0,9}"
_TOLD: Final = r"[^\s<>|\[\]{}\\`\x00-\x1f\x7f]+( [^\s<>|\[\]{}\\`\x00-\x1f\x7f]+){5,89}"
_PITCH: Final = rf"""start: " " TITLE "\nSUMMARY: " TOLD
TITLE: /{_TITLE}/
TOLD: /{_TOLD}[.!?]["']?/
"""
_ELEMENTS: Final = rf"""
HEADING: /\[(INT|EXT|INT\/EXT)\. {_PLAIN}\]/
DIRECTION: /\({_PLAIN}\)/
"""


def grammar(brief: Brief) -> Grammar:
    """Return the form of what the model writes for ``brief``."""
    match brief:
        case PitchBrief():
            return _of_pitch
        case DialogBrief():
            return _of_dialog
        case ScriptBrief():
            return _of_script
        case StagingBrief(dialog=dialog):
            return _of_staging(dialog)


def _of_pitch(written: str) -> str | None:
    return None if written else _PITCH


def _of_dialog(written: str) -> str | None:
    turns = [turn for line in written.splitlines() if (turn := _turn(line))]
    if not turns:
        return _lines("TURN", _CUE) if not written else None
    return _lines("TURN", _any(cast(turns))) if len(turns) == INTRODUCED else None


def _of_script(written: str) -> str | None:
    if not written:
        return f'start: "CAST: " CUE (", " CUE){{1,{MOST - 1}}} "\\n"\nCUE: /{_CUE}/\n'
    first, _, rest = written.partition("\n")
    if rest:
        return None
    named = dict.fromkeys(first.removeprefix("CAST: ").split(", "))
    return _script(_any(named))


def _script(cues: str) -> str:
    """A heading, then turns and directions, further headings only before one of them; a turn is the last."""
    return (
        'start: HEADING "\\n" beats\n'
        'beats: (beat "\\n")* (HEADING "\\n")? TURN\n'
        'beat: TURN | DIRECTION | HEADING "\\n" (TURN | DIRECTION)\n'
        f"TURN: /{_turns(cues)}/\n{_ELEMENTS}"
    )


def _of_staging(dialog: tuple[Turn, ...]) -> Grammar:
    """Every line of the dialog word for word and in order; only headings, directions and manners are free."""
    opening = f"CAST: {', '.join(cast(dialog))}\n"
    spoken = ' "\\n" '.join(f"{'seen' if number else ''} {_spoken(turn)}" for number, turn in enumerate(dialog))
    whole = (
        f'start: {json.dumps(opening, ensure_ascii=False)} HEADING "\\n" (DIRECTION "\\n")? {spoken}\n'
        f'seen: (HEADING "\\n")? (DIRECTION "\\n")?\nMANNER: / \\({_PLAIN}\\)/\n{_ELEMENTS}'
    )
    return lambda written: None if written else whole


def _spoken(turn: Turn) -> str:
    manner = json.dumps(f" ({turn.manner})", ensure_ascii=False) if turn.manner else "MANNER?"
    said = json.dumps(f": {turn.speech}", ensure_ascii=False)
    return f"{json.dumps(turn.cue, ensure_ascii=False)} {manner} {said}"


def _lines(name: str, cues: str) -> str:
    return f'start: {name} ("\\n" {name})*\n{name}: /({cues}): {_SAID}/\n'


def _turns(cues: str) -> str:
    return rf"({cues})( \({_PLAIN}\))?: {_SAID}"


def _any(cues: Iterable[str]) -> str:
    return "|".join(re.escape(cue).replace("/", r"\/") for cue in cues)


def _turn(line: str) -> Turn | None:
    try:
        element = read_line(line)
    except NotAScriptError:
        return None
    return element if isinstance(element, Turn) else None
