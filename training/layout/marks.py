"""What a line of a screenplay is by its wording alone: a scene heading, a cue, a transition, a page number."""

import re
from functools import lru_cache
from typing import Final

from model.screenplay import MAX_CUE

_LONGEST: Final = 120  # characters; no heading, cue or page number is longer
NUMBER: Final = r"[A-Z]?\d{1,4}[A-Z]{0,2}[.)]?"
_FURNITURE: Final = re.compile(
    rf"\W*(?:{NUMBER}\W+)?(?:continued|cont'?d|cont\.)(?:\W+on next page|\W+from previous page)?[\W\d]*"
    rf"|\(\W*more\W*\)|(?:{NUMBER}\W+)?omit(?:ted)?(?:\W+{NUMBER})?",
    re.IGNORECASE,
)
_PAGE: Final = re.compile(r"(?:page\s+)?\W*\d{1,3}[A-Z]?\W*", re.IGNORECASE)
_PLACE: Final = r"INT(?:ERIOR)?|EXT(?:ERIOR)?|I/E|E/I|Int(?=\.)|Ext(?=\.)"
_SLUG: Final = re.compile(
    rf"(?:FADE IN:?\s+)?(?:(?:SCENE\s+)?{NUMBER}\s+)?(?P<place>{_PLACE})(?:\.?\s*[/-]\s*(?P<both>{_PLACE}))?"
    rf"(?:\s*[.:-]+\s*|\s+)(?P<rest>\S.*?)(?:\s{{2,}}{NUMBER})?"
)
_DASHES: Final = re.compile(r"\s*(?:--+|[–—])\s*")
_SLUG_TAIL: Final = re.compile(r"[\s.:*-]*(?:\(?CONT(?:INUED|'?D)\)?)?[\s.:*-]*$")
_TRANSITION: Final = re.compile(
    r"(?:[A-Z' -]+ )?(?:CUT|DISSOLVE|FADE|WIPE|IRIS|SMASH|BACK)(?: [A-Z' -]+)? ?\b(?:TO|IN|OUT|ON|UP)"
    r"(?: (?:BLACK|WHITE|BLUE|RED)| TO)?\s*[.:]*"
    r"|(?:BLACK ?OUT|(?:THE )?END|CUT|END CREDITS|ROLL CREDITS)\s*[.:]*"
)
_SHOT: Final = re.compile(
    r"(?:(?:EXTREME|MEDIUM|MED\.?|NEW|ANOTHER|WIDE|REVERSE|LOW|HIGH|SERIES OF|FULL|LONG|TWO) )*"
    r"(?:ANGLE|SHOTS?|CLOSE|CLOSER|CLOSE-UP|C\.U\.|POV|INSERT|INTERCUT|MONTAGE|SUPER|SUPERIMPOSE|TITLES?|CREDITS|CAMERA"
    r"|PAN|DOLLY|TRACKING|ESTABLISHING|BACK TO|LATER|MOMENTS LATER|FLASHBACK|END OF|BEGIN|NOTE|CHAPTER|ACT|SCENE)\b.*"
)
_CUE: Final = re.compile(r"(?P<name>[^()\[\]:;!?*]+?)\s*(?P<notes>(?:\([^()]*\)?\s*)*):?")
_SAID: Final = re.compile(r"(?P<cue>[^\W\d_][^:;!?()]{0,40}(?:\([^()]*\))?):\s+(?P<speech>\S.*)")
_ORDINAL: Final = re.compile(r"#?(\d+)(?:ST|ND|RD|TH)?\s+(\D.*)")
_LIST: Final = re.compile(r",\s*(?:AND\b)?")
_VOICE: Final = re.compile(r"[ -]+(?:V\. ?O\.?|VO|O\. ?S\.?|OS|O\. ?C\.?|OC|CONT'?D\.?)$")
_TECHNICAL: Final = re.compile(
    r"\W*(?:v\.?\s?[o0]|o\.?\s?[sc]|cont|continuing|continued|voice|off|filter(?:ed)?|pre-?lap|subtitled?|more"
    r"|on (?:the )?(?:phone|radio|tv|screen))\b",
    re.IGNORECASE,
)
_ABBREVIATION: Final = re.compile(r"\b(?:MR|MRS|MS|DR|JR|SR|ST|LT|SGT|CAPT|COL|PROF|REV|[A-Z])\.$")


@lru_cache(maxsize=4096)
def slug(text: str) -> str | None:
    """Return ``text`` as a scene heading, spelled the one way that scripts here have, or None when it is none."""
    match = _SLUG.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        return None
    rest = _DASHES.sub(" - ", " ".join(re.sub(r"[\[\]]", " ", match["rest"]).split()).upper())
    rest = " ".join(_SLUG_TAIL.sub("", rest).strip(" .:-").split())
    both = match["both"] or "/" in match["place"]
    return f"{'INT/EXT' if both else match['place'][:3].upper()}. {rest}" if rest else None


def transition(text: str) -> bool:
    """Say whether ``text`` is a transition such as ``CUT TO:``, or the end."""
    return len(text) <= MAX_CUE and bool(_TRANSITION.fullmatch(text))


def furniture(text: str) -> bool:
    """Say whether ``text`` is there for the page only: ``CONTINUED``, ``(MORE)``, ``OMITTED``, numbers about them."""
    return len(text) <= _LONGEST and bool(_FURNITURE.fullmatch(text))


def page_number(text: str) -> bool:
    """Say whether ``text`` is a number and nothing else."""
    return len(text) <= MAX_CUE and bool(_PAGE.fullmatch(text))


@lru_cache(maxsize=4096)
def cue(text: str) -> tuple[str, str] | None:
    """Return the name and the manner (in parentheses, or nothing) that ``text`` announces, or None if it is no cue."""
    shouted = len(text) <= _LONGEST and _capitals(text.partition("(")[0].strip(" :"))
    match = _CUE.fullmatch(text) if shouted else None
    name = _name(match["name"]) if match else None
    if not match or not name:
        return None
    notes = (" ".join(note.split()) for note in re.findall(r"\(([^()]*)", match["notes"]))
    manner = ", ".join(
        note.lower() if note.isupper() else note for note in notes if note and not _TECHNICAL.match(note)
    )
    return name, f"({manner})" if manner else ""


def said(text: str) -> tuple[str, str, str] | None:
    """Return name, manner and speech of a line such as ``ANNA: Who is there?``, or None if it is none."""
    match = _SAID.fullmatch(text)
    found = cue(match["cue"]) if match else None
    return (*found, match["speech"]) if match and found else None


def technical(note: str) -> bool:
    """Say whether a direction tells how it is recorded (``V.O.``, ``CONT'D``), not how it is said."""
    return bool(_TECHNICAL.match(note))


def _name(text: str) -> str | None:
    if _SHOT.fullmatch(text) or _TRANSITION.fullmatch(text) or _SLUG.fullmatch(text):
        return None
    together = _LIST.sub(" AND ", text.upper())
    name = _ORDINAL.sub(r"\2 \1", _VOICE.sub("", " ".join(together.split()))).lstrip(" -.'\"")
    name = name if _ABBREVIATION.search(name) else name.rstrip(" -.'\"")
    return name if name[:1].isalpha() and name == name.upper() and len(name) <= MAX_CUE else None


def _capitals(text: str) -> bool:
    capitals = text.replace("Mc", "MC")
    ends = not capitals.endswith(".") or bool(_ABBREVIATION.search(capitals)) or bool(_VOICE.search(capitals))
    return capitals == capitals.upper() and capitals != capitals.lower() and len(capitals.split()) <= 5 and ends
