"""Where and when a scene plays, told from its opening direction."""

import re
from typing import Final

from model.screenplay import Heading

_PLACES: Final = (
    (r"kitchen|scullery", "INT", "KITCHEN"),
    (r"drawing.?room|sitting.?room|living.?room|parlou?r|salon|morning.?room", "INT", "LIVING ROOM"),
    (r"dining.?room|supper.?room|breakfast.?room", "INT", "DINING ROOM"),
    (r"bed.?room|bed.?chamber|nursery", "INT", "BEDROOM"),
    (r"study|library", "INT", "STUDY"),
    (r"office|bureau|counting.?house|board.?room|chambers", "INT", "OFFICE"),
    (r"studio", "INT", "STUDIO"),
    (r"hotel|lobby", "INT", "HOTEL"),
    (r"restaurant|café|cafe|tea.?room|supper", "INT", "RESTAURANT"),
    (r"tavern|public.?house|\binn\b|saloon|bar.?room|ale.?house|wine.?shop", "INT", "BAR"),
    (r"shop|store|laboratory", "INT", "SHOP"),
    (r"prison|\bcell\b|jail|dungeon", "INT", "PRISON CELL"),
    (r"court.?room|court of|assize", "INT", "COURTROOM"),
    (r"school|class.?room", "INT", "CLASSROOM"),
    (r"hospital|\bward\b|surgery|consulting", "INT", "HOSPITAL"),
    (r"theatre|theater|dressing.?room|stage of", "INT", "THEATER"),
    (r"church|chapel|vestry|monastery", "INT", "CHURCH"),
    (r"barn|stable", "INT", "BARN"),
    (r"cottage|farm.?house|cabin|hut\b", "INT", "COTTAGE"),
    (r"flat\b|apartment|lodging|attic|garret|tenement", "INT", "APARTMENT"),
    (r"palace|castle|throne", "INT", "CASTLE"),
    (r"garden|lawn|orchard", "EXT", "GARDEN"),
    (r"terrace|veranda|balcony|porch", "EXT", "TERRACE"),
    (r"street|road\b|square|alley|quay|market", "EXT", "STREET"),
    (r"park\b|wood\b|woods\b|forest", "EXT", "PARK"),
    (r"beach|shore|sea.?side|cliff", "EXT", "BEACH"),
    (r"ship|deck|yacht|vessel|barge", "EXT", "SHIP DECK"),
    (r"camp\b|battle|trench|desert|mountain|hill", "EXT", "CAMP"),
    (r"station|railway|platform", "EXT", "STATION"),
    (r"\bhall\b|hallway|vestibule|ante.?room|corridor", "INT", "HALLWAY"),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.I), inside, place) for pattern, inside, place in _PLACES)
_TIMES: Final = (
    (re.compile(r"night|midnight|moon|candle|lamp", re.I), "NIGHT"),
    (re.compile(r"evening|dusk|sunset|twilight|after dinner", re.I), "EVENING"),
    (re.compile(r"morning|dawn|sunrise|breakfast", re.I), "MORNING"),
)


def heading(direction: str, before: Heading | None = None) -> Heading:
    """Return the heading for a scene that opens with ``direction``; ``before`` is where the last one played."""
    found = [
        (match.start(), inside, place) for pattern, inside, place in _PATTERNS if (match := pattern.search(direction))
    ]
    when = next((time for pattern, time in _TIMES if pattern.search(direction)), "DAY")
    if found:
        _, inside, place = min(found)
        return Heading(f"{inside}. {place} - {when}")
    return Heading(f"{before.text.rpartition(' - ')[0]} - {when}") if before else Heading(f"INT. ROOM - {when}")
