"""A script as Fountain, the screenwriters' plain text, with every misreading ruled out."""

import re
from datetime import date
from typing import Final

from model.fountain import HAIR, JOINER, read
from model.screenplay import Direction, Element, Heading, Script, Turn

__all__ = ["CREDIT", "HAIR", "JOINER", "SOURCE", "body", "fountain", "read", "title_page"]

CREDIT: Final = "Written by GreenLIT, an AI writers' room"
SOURCE: Final = "Written by a language model, about a show that does not exist"

_FORCES: Final = tuple(".!@>~=#")
_SCENE: Final = re.compile(r"(?:INT|EXT|EST|I/E|INT\.?/EXT\.?)[ .]")
_NOTE: Final = re.compile(r"\[(?=\[)")
_UNDERLINE: Final = re.compile(r"_(?=[^\s_])")
_SCENE_NUMBER: Final = re.compile(r"#$")


def fountain(
    script: Script,
    *,
    title: str | None = None,
    credit: str = CREDIT,
    source: str = SOURCE,
    drafted: date | None = None,
) -> str:
    """Return ``script`` as a Fountain document with a title page; an absent title or date is left out."""
    return title_page(title=title, credit=credit, source=source, drafted=drafted) + body(script)


def title_page(
    *, title: str | None = None, credit: str = CREDIT, source: str = SOURCE, drafted: date | None = None
) -> str:
    """Return the title page that goes before a :func:`body`; empty if there is nothing to put on it."""
    day = f"{drafted.day} {drafted:%B %Y}" if drafted else None
    page = (("Title", title), ("Credit", credit), ("Source", source), ("Draft date", day))
    entries = [f"{key}: {_inline(' '.join(value.split()))}" for key, value in page if value and value.strip()]
    return "\n".join(entries) + "\n\n" if entries else ""


def body(script: Script) -> str:
    """Return ``script`` as Fountain without a title page, one blank line between the elements."""
    text = "\n\n".join(map(_paragraph, script.elements)) + "\n"
    first = text.partition("\n")[0]
    return f"\n{text}" if ":" in first else text  # "INT. DAY ONE: NOON" would be a key of a title page


def _paragraph(element: Element) -> str:
    match element:
        case Heading(text):
            return _SCENE_NUMBER.sub(f"{JOINER}#", _inline(text))
        case Direction(text):
            return f"!{_inline(text)}" if _needs_force(text) else _inline(text)
        case Turn(cue, speech, manner):
            said = (_cue(cue), f"({_inline(manner)})" if manner else None, _speech(speech))
            return "\n".join(filter(None, said))


def _inline(text: str) -> str:
    """Return one line in which nothing is emphasis, a note or a comment."""
    text = _NOTE.sub(f"[{JOINER}", text.replace("*", "\\*"))
    return _UNDERLINE.sub(f"_{HAIR}", text) if text.count("_") > 1 else text


def _needs_force(direction: str) -> bool:
    """Say whether a parser could take the direction for a heading, a cue, a transition or a section."""
    upper = direction.upper()
    return direction.startswith(_FORCES) or direction == upper or bool(_SCENE.match(upper))


def _cue(cue: str) -> str:
    text = _inline(cue) + (JOINER if cue.endswith("^") else "")  # a final ^ asks for dual dialogue
    return text if cue.isupper() and not _SCENE.match(cue) and not cue.endswith("TO") else f"@{text}"


def _speech(speech: str) -> str:
    text = _inline(speech)
    forced = speech.startswith(("(", *_FORCES)) and not speech.startswith("..")
    return f"{JOINER}{text}" if forced or _SCENE.match(speech) else text
