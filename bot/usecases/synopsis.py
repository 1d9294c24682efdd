"""What happened so far, in the few words that a brief has room for: without a model, so always the same."""

from typing import Final

from model.briefs import MAX_SUMMARY
from model.screenplay import Heading, Script

_SHOW: Final = 220  # characters that the show's own summary gets at most
_LINE: Final = 90
_SCENES: Final = 4


def so_far(summary: str, before: str | None, scene: Script) -> str:
    """Return the story up to the end of ``scene``: the newest scenes in full, the oldest left out first.

    ``before`` is what this returned for the scene before; ``summary`` is the show's.
    """
    head = _cut(summary, _SHOW)
    scenes = [line for line in (before or "").split(" / ")[1:] if line][-_SCENES + 1 :]
    scenes.append(_scene(scene))
    while len(" / ".join([head, *scenes])) > MAX_SUMMARY and len(scenes) > 1:
        scenes.pop(0)
    return _cut(" / ".join([head, *scenes]), MAX_SUMMARY)


def _scene(scene: Script) -> str:
    place = next(element.text for element in scene.elements if isinstance(element, Heading))
    last = scene.turns[-1]
    who = " and ".join(name.title() for name in scene.cast[:3])
    said = _cut(last.speech.replace(" / ", " "), _LINE)
    return f"Then {who}, {place.lower().replace(' / ', ' ')}; at the end {last.cue.title()} said: {said}"


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:-")
