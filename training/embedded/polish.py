"""The best of the entries, which the last part of the run reads: pitches that tell, and people with names who talk."""

import re
from itertools import pairwise
from typing import Final

from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.screenplay import Turn, cast
from training.examples import Example, Passage

_ABOUT: Final = re.compile(  # a summary that tells of a film instead of its story
    r"\b(?:story|film|movie|series|show|documentary|plot|cartoon|picture|drama|comedy|anime)\b"
    r"|\bfollows\b|\bis about\b|\bcenters?\b|\bfocuses\b|\bbased\b|\bset in\b",
    re.I,
)
_WORDS: Final = (12, 45)  # of a summary
_TITLE: Final = 6  # words
_CUE: Final = re.compile(r"[A-Z]{2,}")
_CAST: Final = (2, 3)
_SPEECH: Final = 18  # words in the mean
_ALTERNATING: Final = 0.8  # of the turns at least are answers to somebody else


def fine(example: Example) -> bool:
    """Say whether the example is one of the best; prose is not."""
    if isinstance(example, Passage):
        return False
    match example.draft:
        case PitchDraft(title=title, summary=summary):
            told = len(summary.split())
            return not _ABOUT.search(summary) and _WORDS[0] <= told <= _WORDS[1] and len(title.split()) <= _TITLE
        case DialogDraft(turns):
            return _spoken_by_people(turns)
        case ScriptDraft(script):
            return _spoken_by_people(script.turns)


def _spoken_by_people(turns: tuple[Turn, ...]) -> bool:
    speakers = cast(turns)
    words = sum(len(turn.speech.split()) for turn in turns)
    answers = sum(one.cue != other.cue for one, other in pairwise(turns))
    return (
        _CAST[0] <= len(speakers) <= _CAST[1]
        and all(_CUE.fullmatch(cue) for cue in speakers)
        and words <= _SPEECH * len(turns)
        and answers >= _ALTERNATING * (len(turns) - 1)
    )
