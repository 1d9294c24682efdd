"""Where and when a scene plays, told from its opening direction; a place that gives a show away gets a plain name."""

import re
from typing import Final

from model.screenplay import Heading

_PLACES: Final = (
    (r"central perk|coffee.?(?:house|shop|bar)|starbucks", "INT", "COFFEE SHOP"),
    (r"conference.?room|meeting.?room", "INT", "CONFERENCE ROOM"),
    (r"break.?room|canteen|cafeteria|lunch.?room", "INT", "CAFETERIA"),
    (r"waiting.?room|reception\b", "INT", "WAITING ROOM"),
    (r"dressing.?room|backstage|on ?stage\b|audition", "INT", "THEATER"),
    (r"delivery.?room|labou?r.?room|emergency.?room|operating.?room|nursery.? window", "INT", "HOSPITAL"),
    (r"hotel.?room|motel", "INT", "HOTEL ROOM"),
    (r"bath.?room|rest.?room|men's.?room|ladies'?.?room|toilet|shower\b|\bspa\b", "INT", "BATHROOM"),
    (r"warehouse|loading.?dock|store.?room|storage", "INT", "WAREHOUSE"),
    (r"parking.?(?:lot|garage)|car.?park", "EXT", "PARKING LOT"),
    (r"\bcars?\b|\btaxi|\bcab\b|porsche|limousine|\blimo\b|\bvan\b|\btruck\b", "INT", "CAR"),
    (r"\bbus\b", "INT", "BUS"),
    (r"air.?port|\bgate\b \w+|boarding", "INT", "AIRPORT"),
    (r"air.?plane|aeroplane|\bplane\b|\bflight\b|cockpit|\b747\b", "INT", "PLANE"),
    (r"subway|\btrain\b|carriage|compartment", "INT", "TRAIN"),
    (r"(?:'s|s') (?:old |new |dorm )?room\b|dormitory", "INT", "BEDROOM"),
    (r"\bclass\b|class.?room", "INT", "CLASSROOM"),
    (r"garage", "INT", "GARAGE"),
    (r"closet|wardrobe", "INT", "CLOSET"),
    (r"bridge\b", "EXT", "BRIDGE"),
    (r"camp.?site|camp.?fire|\btents?\b|pavilion", "EXT", "CAMP"),
    (r"\bplains\b|highway|island\b|canyon|valley", "EXT", "OPEN COUNTRY"),
    (r"police.?station|precinct|interrogation", "INT", "POLICE STATION"),
    (r"elevator|\blift\b", "INT", "ELEVATOR"),
    (r"stair(?:s|way|well|case)", "INT", "STAIRS"),
    (r"casino|blackjack|slot machine", "INT", "CASINO"),
    (r"museum|gallery", "INT", "MUSEUM"),
    (r"\bgym\b|gymnasium|locker.?room", "INT", "GYM"),
    (r"night.?club|disco\b|\bclub\b", "INT", "CLUB"),
    (r"\bbar\b|\bpub\b", "INT", "BAR"),
    (r"diner\b|steakhouse|pizzeria|restraunt", "INT", "RESTAURANT"),
    (r"laundr\w+|laundromat", "INT", "LAUNDROMAT"),
    (r"supermarket|grocery|boutique|\bmall\b|bloomingdale|macy|saloon\b", "INT", "STORE"),
    (r"\bbank\b|\batm\b", "INT", "BANK"),
    (r"\bzoo\b", "EXT", "ZOO"),
    (r"\broof\b|rooftop", "EXT", "ROOF"),
    (r"balcon(?:y|ies)|fire.?escape", "EXT", "BALCONY"),
    (r"lecture|auditorium|campus|university|college", "INT", "LECTURE HALL"),
    (r"reception.?hall|ball.?room|banquet|wedding", "INT", "BALLROOM"),
    (r"\bset\b of|movie set|film set|the set\b|sound.?stage", "INT", "STUDIO"),
    (r"temple|shrine", "INT", "TEMPLE"),
    (r"\bcave|cavern|tunnel", "INT", "CAVE"),
    (r"village|\btown\b", "EXT", "VILLAGE"),
    (r"river|\blake\b|waterfall|stream\b|swamp", "EXT", "RIVER"),
    (r"jungle|meadow|\bfields?\b|farm\b", "EXT", "FIELD"),
    (r"kitchen|scullery", "INT", "KITCHEN"),
    (r"drawing.?room|sitting.?room|living.?room|parlou?r|\bsalon\b|morning.?room", "INT", "LIVING ROOM"),
    (r"dining.?room|supper.?room|breakfast.?room", "INT", "DINING ROOM"),
    (r"bed.?room|bed.?chamber|nursery", "INT", "BEDROOM"),
    (r"study|library", "INT", "STUDY"),
    (r"\boffices?\b|bureau|counting.?house|board.?room|chambers", "INT", "OFFICE"),
    (r"studio", "INT", "STUDIO"),
    (r"hotel|lobby", "INT", "HOTEL"),
    (r"restaurant|café|cafe|tea.?room|supper", "INT", "RESTAURANT"),
    (r"tavern|public.?house|\binn\b|saloon|bar.?room|ale.?house|wine.?shop", "INT", "BAR"),
    (r"\bshops?\b|workshop|\bstore\b|laboratory|\blab\b", "INT", "SHOP"),
    (r"prison|\bcell\b|jail|dungeon", "INT", "PRISON CELL"),
    (r"court.?room|court of|assize", "INT", "COURTROOM"),
    (r"school|class.?room", "INT", "CLASSROOM"),
    (r"hospital|\bward\b|surgery|consulting", "INT", "HOSPITAL"),
    (r"theatre|theater|dressing.?room|stage of", "INT", "THEATER"),
    (r"church|chapel|vestry|monastery", "INT", "CHURCH"),
    (r"\bbarn\b|\bstables?\b", "INT", "BARN"),
    (r"cottage|farm.?house|cabin|hut\b", "INT", "COTTAGE"),
    (r"flat\b|apartment|lodging|attic|garret|tenement", "INT", "APARTMENT"),
    (r"palace|castle|throne", "INT", "CASTLE"),
    (r"garden|lawn|orchard", "EXT", "GARDEN"),
    (r"terrace|veranda|balcony|porch", "EXT", "TERRACE"),
    (r"street|road\b|square|alley|quay|market", "EXT", "STREET"),
    (r"park\b|wood\b|woods\b|forest", "EXT", "PARK"),
    (r"beach|\bshore|sea.?side|cliff", "EXT", "BEACH"),
    (r"\b(?:air|war|steam)?ships?\b|\bdeck\b|yacht|vessel|\bbarge|\bboats?\b", "EXT", "SHIP DECK"),
    (r"camp\b|battle|trench|desert|mountain|\bhills?\b", "EXT", "CAMP"),
    (r"station|railway|platform", "EXT", "STATION"),
    (r"\bhouse\b|mansion|\bhome\b", "INT", "HOUSE"),
    (r"\bhall\b|hallway|vestibule|ante.?room|corridor", "INT", "HALLWAY"),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.I), inside, place) for pattern, inside, place in _PLACES)
_TIMES: Final = (
    (re.compile(r"\bnight|midnight|tonight|\bmoon|candle|\blamps?\b", re.I), "NIGHT"),
    (re.compile(r"evening|dusk|sunset|twilight|after dinner", re.I), "EVENING"),
    (re.compile(r"morning|dawn|sunrise|breakfast", re.I), "MORNING"),
)


_SCENE: Final = re.compile(r"^\W*scenes?\b(?:\s+(?:\d+|[ivx]+)\b)?[\s.:,—-]*", re.I)
_PLACE_ENDS: Final = re.compile(r"(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bSt)[.;:,](?=\s)|\s[—-]+\s|\.$")
_OUTSIDE: Final = re.compile(r"\s*(?:just |right )?(?:outside|exterior|in front of)\b", re.I)
_HOME: Final = re.compile(
    r"(?:at |back (?:at|in|to) )?[A-Z]\w*(?:(?:, (?:and )?| and )[A-Z]\w*)*(?:'s|s')(?: erm, [^,]*'s)?(?=[.;:,])"
)
_FIRST: Final = 40  # words; what comes later in a description may be elsewhere
_LONGEST: Final = 10  # words of what is a place and no sentence


def opened(text: str, before: Heading | None = None) -> tuple[Heading, str]:
    """Return the heading for a scene that opens with ``text``, and the rest of it: what is seen there.

    "[Scene: Central Perk, Ann is there.]" is a coffee shop and "Ann is there."
    """
    text = _SCENE.sub("", text.strip().strip("[]()")).strip(" .,:;-—") + "."
    home = _HOME.match(text)
    ends = _PLACE_ENDS.search(text, home.end() if home else 0)
    place, seen = (text[: ends.start()], text[ends.end() :].strip()) if ends else (text, "")
    if not home and (len(place.split()) > _LONGEST or not is_told(place)):
        return heading(" ".join(text.split()[:_FIRST]), before), "" if text == "." else text
    where = heading("apartment" if home else place, before)
    when = heading(" ".join(text.split()[:_FIRST])).text.rpartition(" - ")[2]
    inside, _, name = where.text.rpartition(" - ")[0].partition(". ")
    return Heading(f"{'EXT' if _OUTSIDE.match(place) else inside}. {name} - {when}"), seen


def is_told(words: str) -> bool:
    """Say whether ``words`` name a place that we know."""
    return any(pattern.search(words) for pattern, *_ in _PATTERNS)


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
