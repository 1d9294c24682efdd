"""The form of each task as a grammar that a decoder can be held to: what is written to its end then parses.

Grammars are in Lark's notation. They are told line by line, because what may follow depends on what was written: only
the cast of a script speaks, a dialog keeps to those who spoke in its first lines, nobody has two speeches in a row, no
page ends before two people have spoken twice, and none goes on for ever.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from model.briefs import Brief, DialogBrief, LineBrief, PitchBrief, ScriptBrief, StagingBrief
from model.screenplay import Direction, Element, NotAScriptError, Turn, cast, read_line

Grammar = Callable[[str], str | None]
"""What may follow the whole lines written so far ("" at the beginning), or None: what was said before goes on."""

INTRODUCED: Final = 6  # turns of a dialog after which nobody else joins
MOST: Final = 4  # of a cast
LONGEST: Final = 16  # turns of a page
_ENOUGH: Final = 2  # speakers with as many turns, before a page may end
_NEVER: Final = r"\s\x00-\x1f\x7f-\x9f<>|\[\]{}\\`\ufffd"  # no brief may hold them
_PLAIN: Final = rf"[^{_NEVER}()]+( [^{_NEVER}()]+){{0,39}}"
_SAID: Final = rf"[^{_NEVER}]+( [^{_NEVER}]+){{0,59}}"  # words: a small model may find no end of a speech
_LETTERS: Final = r"\p{Lu}\p{Lo}\p{N}"
_MORE: Final = rf"[{_LETTERS}\p{{Lm}}\p{{M}}'’.-]{{0,11}}"  # three words of a cue then fit into 40 characters
_CUE: Final = rf"[\p{{Lu}}\p{{Lo}}]{_MORE}( [{_LETTERS}]{_MORE}){{0,2}}"
_COMPOSED: Final = (  # characters that stand for others, the most usual ones; titles and summaries must not hold them
    r"\u00a8\u00aa\u00af\u00b2-\u00b5\u00b8-\u00ba\u00bc-\u00be\u2024-\u2026\u2033\u2034\u203c\u2047-\u2049"
    r"\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u3200-\u33ff\ufb00-\ufb06\uff00-\uffef"
)
_WORD: Final = rf"[^\p{{C}}{_NEVER}{_COMPOSED}]+"
_PITCH: Final = rf"""start: " " TITLE "\nSUMMARY: " TOLD
TITLE: /{_WORD}( {_WORD}){{0,9}}/
TOLD: /{_WORD}( {_WORD}){{5,79}}[.!?]["']?/
"""
_HEADING: Final = rf"/\[(INT|EXT|INT\/EXT)\. {_PLAIN}\]/"
_DIRECTION: Final = rf"/\({_PLAIN}\)/"


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
        case LineBrief():
            return _of_line


def _of_pitch(written: str) -> str | None:
    return None if written else _PITCH


def _of_dialog(written: str) -> str:
    turns = _turns(_read(written.splitlines()))
    known = cast(turns) if len(turns) >= INTRODUCED or len(cast(turns)) == MOST else ()
    return _line(turns, known, (), manner=False)


def _of_script(written: str) -> str:
    if not written:
        return f'start: "CAST: " CUE (", " CUE){{1,{MOST - 1}}} "\\n"\nCUE: /{_CUE}/\n'
    first, *lines = written.splitlines()
    named = tuple(dict.fromkeys(first.removeprefix("CAST: ").split(", ")))
    if len(named) == 1:
        return 'start: ""\n'  # the same person twice: the page ends here, and another is begun
    elements = _read(lines)
    if not elements:
        return f'start: {_HEADING} "\\n"\n'
    turns, last = _turns(elements), elements[-1]
    seen = [_HEADING] if isinstance(last, Turn) and len(turns) < LONGEST - 1 else []
    seen += [] if isinstance(last, Direction) else [_DIRECTION]
    return _line(turns, named, seen, manner=True)


def _of_line(written: str) -> str | None:
    return None if written else f'start: / ?{_SAID}/ "\\n"\n'


def _line(turns: Sequence[Turn], known: Sequence[str], seen: Sequence[str], *, manner: bool) -> str:
    """A line after ``turns``: something ``seen``, or a turn of somebody ``known`` (of anybody if that is nobody)."""
    before = [turn.cue for turn in turns]
    last = before[-1:]
    said = "/" + (rf"( \({_PLAIN}\))?" if manner else "") + f": {_SAID}/"
    enders = [cue for cue in dict.fromkeys(known or before) if [cue] != last and _may_end([*before, cue])]
    others = f"/{_any(cue for cue in known if [cue] != last)}/" if known else f"/{_CUE}/{_but(last)}"
    choices = [f'OTHER {said} "\\n"'] if len(before) + 1 < LONGEST or not enders else []
    choices += [f"ENDER {said}"] if enders else []
    choices += [f'{one} "\\n"' for one in seen]
    return f"start: {' | '.join(choices)}\nOTHER: {others}\n" + (f"ENDER: /{_any(enders)}/\n" if enders else "")


def _may_end(cues: Sequence[str]) -> bool:
    return sum(count >= _ENOUGH for count in Counter(cues).values()) >= _ENOUGH


def _but(cues: Sequence[str]) -> str:
    return f" & ~/{_any(cues)}/" if cues else ""


def _of_staging(dialog: tuple[Turn, ...]) -> Grammar:
    """Every line of the dialog word for word and in order; only headings, directions and manners are free."""
    opening = json.dumps(f"CAST: {', '.join(cast(dialog))}\n", ensure_ascii=False)
    spoken = ' "\\n" seen '.join(map(_spoken, dialog))
    whole = (
        f'start: {opening} HEADING "\\n" (DIRECTION "\\n")? {spoken}\n'
        f'seen: (HEADING "\\n")? (DIRECTION "\\n")?\n'
        f"MANNER: / \\({_PLAIN}\\)/\nHEADING: {_HEADING}\nDIRECTION: {_DIRECTION}\n"
    )
    return lambda written: None if written else whole


def _spoken(turn: Turn) -> str:
    manner = json.dumps(f" ({turn.manner})", ensure_ascii=False) if turn.manner else "MANNER?"
    said = json.dumps(f": {turn.speech}", ensure_ascii=False)
    return f"{json.dumps(turn.cue, ensure_ascii=False)} {manner} {said}"


def _any(cues: Iterable[str]) -> str:
    return "|".join(re.escape(cue).replace("/", r"\/") for cue in cues)


def _read(lines: Iterable[str]) -> list[Element]:
    elements = []
    for line in lines:
        try:
            elements.append(read_line(line))
        except NotAScriptError:  # a decoder that is not held to any of this
            continue
    return elements


def _turns(elements: Iterable[Element]) -> list[Turn]:
    return [element for element in elements if isinstance(element, Turn)]
