"""What the JSON interface says: slates, pitches, scripts and posts as plain values."""

from typing import Any

from bot.errors import failure
from bot.stage import Progress
from bot.usecases.browsing import SlateView
from db.pitches import Pitch
from db.posts import Post
from db.scripts import Script
from model.screenplay import Direction, Element, Heading, Turn
from model.tasks import partial_pitch


def progress(state: Progress) -> dict[str, Any]:
    """Return how far a piece of work is; for a slate, ``pitches`` has the titles that are complete."""
    partial = [partial_pitch(text) for text in state.texts]
    return {
        "place": state.place,
        "absent": state.absent,
        "texts": list(state.texts),
        "pitches": [{"title": title, "summary": summary} for title, summary in partial if title],
    }


def pitch(row: Pitch) -> dict[str, Any]:
    """Return a pitch with its tally."""
    return {
        "id": row.id,
        "slate": row.slate_id,
        "title": row.title,
        "summary": row.summary,
        "genre": row.genre,
        "theme": row.theme,
        "state": row.state,
        "votes": row.votes,
    }


def slate(view: SlateView) -> dict[str, Any]:
    """Return a slate with its pitches."""
    row = view.slate
    return {
        "id": row.id,
        "genre": row.genre,
        "theme": row.theme,
        "count": row.count,
        "seed": row.seed,
        "state": row.state,
        "dropped": row.dropped,
        "model": row.model,
        "failure": failure(row.failure) if row.failure else None,
        "pitches": [pitch(each) for each in view.pitches],
    }


def element(part: Element) -> dict[str, Any]:
    """Return one element of a script by its kind, to be typeset."""
    match part:
        case Heading(text):
            return {"kind": "heading", "text": text}
        case Direction(text):
            return {"kind": "direction", "text": text}
        case Turn(cue, speech, manner):
            return {"kind": "turn", "cue": cue, "manner": manner, "text": speech}


def script(row: Script) -> dict[str, Any]:
    """Return a script; ``fountain`` is None until it is done."""
    return {
        "id": row.id,
        "pitch": row.pitch_id,
        "part": row.part,
        "state": row.state,
        "seed": row.seed,
        "model": row.model,
        "fountain": row.fountain,
        "failure": failure(row.failure) if row.failure else None,
    }


def post(row: Post) -> dict[str, Any]:
    """Return a post."""
    return {
        "day": row.day.isoformat(),
        "network": row.network,
        "state": row.state,
        "pitch": row.pitch_id,
        "text": row.text,
        "address": row.address,
        "reason": row.reason,
    }
