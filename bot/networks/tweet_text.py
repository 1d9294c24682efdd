"""What X counts and links in a post: weighted length, and no link, mention or cashtag by accident."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LIMIT: Final = 280
BREAK: Final = "\u200b"  # zero width, weighs 1

_URL_WEIGHT: Final = 23
_LIGHT: Final = (range(4352), range(8192, 8206), range(8208, 8224), range(8242, 8248))
_SKIN: Final = "\U0001f3fb-\U0001f3ff"
_SYMBOL: Final = (
    r"[©®\u203c-\u27bf\u2934-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
    rf"(?:[{_SKIN}]|\ufe0f)?"
)
_EMOJI: Final = (
    r"[0-9#*]\ufe0f?\u20e3"  # keycaps
    r"|[\U0001f1e6-\U0001f1ff]{2}"  # flags
    rf"|{_SYMBOL}(?:[\U000e0020-\U000e007f]+|(?:\u200d{_SYMBOL})*)"  # families, professions, flags of regions
)
_DOMAIN: Final = r"[^\W_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{2,}"
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:com|net|org|tv|io|me)"
_URL: Final = rf"(?<![\w@＠$#＃\u202a-\u202e])https?://{_HOST}(?:/[\w=/+-]*)?(?=\s|$)"
_TOKEN: Final = re.compile(rf"(?P<url>(?a:{_URL}))|(?P<domain>{_DOMAIN})|(?P<emoji>{_EMOJI})|(?P<one>.)", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*\.[A-Za-z]+")
_LINKS: Final = re.compile(r"(?<=[^\s.])\.(?=[^\W\d_]\w)|[@＠](?=\w)|\$(?=[^\W\d_])")


def weight(text: str) -> int:
    """Return the length of ``text`` as X counts it, never less.

    What only looks like a domain name ("Mr.Robot") may count as a link.
    """
    return sum(_weigh(token) for token in _tokens(text))


def has_link(text: str) -> bool:
    """Return whether X may find a link in ``text``, which makes the post dearer."""
    return any(token.lastgroup in {"url", "domain"} for token in _tokens(text))


def unlinked(text: str) -> str:
    """Return ``text`` (NFC) with a zero-width break in all that X would turn into a link, a mention or a cashtag."""
    return _LINKS.sub(lambda match: match[0] + BREAK, unicodedata.normalize("NFC", text))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return _TOKEN.finditer(unicodedata.normalize("NFC", text))


def _weigh(token: re.Match[str]) -> int:
    match token.lastgroup:
        case "url":
            return _URL_WEIGHT
        case "emoji":
            return 2
        case "domain":
            return _weigh_domain(token[0])
        case _:
            return _weigh_one(token[0])


def _weigh_domain(domain: str) -> int:
    """Return the most it can weigh: X knows which domains exist, so it may link parts of it, all, or nothing."""
    characters = sum(map(_weigh_one, domain))
    return max(_URL_WEIGHT, characters) if _NAME.fullmatch(domain) else _URL_WEIGHT * domain.count(".") + characters


def _weigh_one(character: str) -> int:
    return 1 if any(ord(character) in light for light in _LIGHT) else 2
