"""Places and firms by which everybody knows a show, and what may stand for them."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final


@dataclass(frozen=True, slots=True)
class Landmark:
    """What gives a show away (a pattern, told apart by case) and generic names of the same kind.

    ``common`` ones ("Coffee Shop") need an article inside a sentence; the others are names themselves.
    """

    pattern: str
    variants: tuple[str, ...]
    common: bool = True


LANDMARKS: Final = (
    Landmark(r"Central Perks?|CENTRAL PERKS?|central perk", ("Coffee Shop", "Coffee House", "Corner Café")),
    Landmark(r"Moon ?[Dd]ance(?: [Dd]iner)?|MOONDANCE(?: DINER)?", ("Diner", "Lunch Counter", "Burger Place")),
    Landmark(r"All?ess?andro['’]s|ALL?ESS?ANDRO['’]S", ("Trattoria", "Italian Place", "Pizzeria")),
    Landmark(r"Java Joe['’]s", ("Coffee Bar", "Espresso Bar")),
    Landmark(r"Javu\b|JAVU\b", ("Bistro", "Brasserie", "Steak House")),
    Landmark(r"Fortunata Fashions", ("Fashion House", "Dress Company")),
    Landmark(
        r"Dunder[- ]?Mifflin(?:[ /]Sabre)?|DUNDER[- ]?MIFFLIN",
        ("Northside Paper", "Hartwell Paper", "Keystone Office Supply"),
        common=False,
    ),
    Landmark(r"Mifflin\b|MIFFLIN\b", ("Northside", "Hartwell", "Keystone"), common=False),
    Landmark(r"Dunder\b|DUNDER\b", ("Norris", "Hartwell", "Keller"), common=False),
    Landmark(r"Schrute Farms?|SCHRUTE FARMS?", ("Beet Farm", "Bed and Breakfast", "Family Farm")),
    Landmark(r"Vance Refrigeration|VANCE REFRIGERATION", ("Cold Storage", "Cooling Company")),
    Landmark(r"Poor Richard['’]s(?: [Pp]ub)?", ("Bar", "Pub", "Tavern")),
    Landmark(r"Scranton\b|SCRANTON\b", ("Akron", "Dayton", "Toledo", "Rockford"), common=False),
    Landmark(r"(?<![A-Za-z])(?:Sabre|SABRE)\b", ("Printwell", "Ordway", "Lumen"), common=False),
    Landmark(r"Ba Sing Se|BA SING SE", ("Stonewall", "Highgate", "Granite City"), common=False),
    Landmark(r"Omashu\b|OMASHU\b", ("Hillford", "Slate City", "Terrace Town"), common=False),
    Landmark(r"Kyoshi Island|Island of Kyoshi", ("Heron Island", "Lantern Island"), common=False),
    Landmark(r"Fire Nation(?:al)?\b|FIRE NATION", ("Empire", "Southern Empire", "Iron Kingdom")),
    Landmark(r"Water Tribe|WATER TRIBE", ("Ice People", "River People", "Coast People")),
    Landmark(r"Earth Kingdom|EARTH KINGDOM", ("Republic", "Old Kingdom", "Plains Kingdom")),
    Landmark(r"Air Nomad|AIR NOMAD", ("Pilgrim", "Wanderer", "Mountain Monk")),
    Landmark(r"Air Temple|AIR TEMPLE", ("Monastery", "Mountain Abbey")),
    Landmark(r"Fire Lord|Firelord|FIRE LORD", ("Emperor", "Regent", "Warlord")),
    Landmark(r"Agni Kai|AGNI KAI", ("Duel", "Trial of Honor")),
)
_GLANCE: Final = re.compile("|".join(landmark.pattern for landmark in LANDMARKS))  # quick: most lines have none
_LANDMARK: Final = re.compile(
    r"(?P<article>\b(?:[Aa]n?) )?"
    r"\b(?:" + "|".join(f"(?P<l{number}>{landmark.pattern})" for number, landmark in enumerate(LANDMARKS)) + ")"
)
_NEEDS_ARTICLE: Final = re.compile(
    r"\b(?:at|to|in|from|of|outside|inside|into|near|by|leaves?|left|enters?|for|towards?|across from|behind|owns?"
    r"|runs?|than|like|about|with) $",
    re.I,
)


def disguised(text: str, work: str, seed: int) -> str:
    """Return ``text`` with every landmark replaced, each by the same variant throughout a work."""
    if not gives_away(text):
        return text
    return _LANDMARK.sub(lambda match: _variant(match, work, seed), text)


def gives_away(text: str) -> bool:
    """Say whether ``text`` has a landmark in it."""
    return _GLANCE.search(text) is not None


def _variant(match: re.Match[str], work: str, seed: int) -> str:
    number, found = next((n, match[f"l{n}"]) for n in range(len(LANDMARKS)) if match[f"l{n}"])
    landmark = LANDMARKS[number]
    lot = int.from_bytes(sha256(f"{seed}|{work}|landmark {number}".encode()).digest()[:8], "big")
    new = landmark.variants[lot % len(landmark.variants)]
    if found.isupper():
        new = new.upper()
    if landmark.common and _NEEDS_ARTICLE.search(match.string, 0, match.start()):
        return f"the {new}"
    return _agreeing(match["article"] or "", new) + new


def _agreeing(article: str, new: str) -> str:
    return article and article[0] + ("n " if new[0] in "AEIOU" else " ")
