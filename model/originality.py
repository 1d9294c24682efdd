"""Whether a title is taken: one key for all spellings of it, and a file of the keys of known shows."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

import marisa_trie

from model.checkpoint import BrokenCheckpointError

_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "&": " and ", "⁄": " "}
)
_APOSTROPHES: Final = re.compile("['’‘ʼʹ`´′＇]")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")  # those of Latin, Greek and Cyrillic; other scripts' marks are letters
_INITIALS: Final = re.compile(r"(?<!\w)[a-z](?: [a-z](?!\w))+")
_ARTICLES: Final = frozenset({"the", "a", "an"})
_ARTICLE_LAST: Final = re.compile(r"(.+), (the|a|an)", re.IGNORECASE)
_NUMERALS: Final = {
    numeral: str(number) for number, numeral in enumerate(("ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"), 2)
}
_TAG: Final = re.compile(r"(?P<title>.*\S)\s*[(\[](?P<tag>[^()\[\]]+)[)\]]\s*", re.DOTALL)
_YEARS: Final = re.compile(r"(1[89]|20)\d\d(s|–|-)?((1[89]|20)?\d\d)?")
_TAG_WORDS: Final = frozenset(
    """
    4k uhd hd sd hdr 3d imax blu ray bluray dvd vhs remastered restored edition cut version extended special
    director's directors theatrical unrated uncut uncensored censored rated original complete collector's anniversary
    sub subs subbed subtitled subtitles dub dubbed audio cc with and in the a of language bilingual
    film movie tv series show miniseries mini television serial season short documentary animated anime drama web
    us u.s. uk u.k. american british australian canadian indian
    english hindi tamil telugu malayalam kannada bengali marathi punjabi gujarati urdu arabic chinese mandarin
    cantonese japanese korean thai vietnamese indonesian malay tagalog filipino spanish castilian latin portuguese
    brazilian french german italian dutch swedish danish norwegian finnish polish russian turkish greek hebrew
    """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
)


def normalise(title: str) -> str:
    """Return the key that all spellings of ``title`` share; never empty unless the title is blank.

    Case, accents, punctuation, a leading article, trailing edition tags (``(4K UHD)``, ``[Subtitled]``,
    ``(2019)``) and the way a sequel is numbered (``II`` or ``2``) make no difference.
    """
    plain = unicodedata.normalize("NFKC", "".join(map(_apart, title))).strip()
    words = _words(_without_tags(plain))
    if len(words) > 1 and words[0] in _ARTICLES and words[1:] not in (["a"], ["an"], ["the"]):
        words = words[1:]
    if len(words) > 1:
        words[-1] = _NUMERALS.get(words[-1], words[-1])
    return " ".join(words) or " ".join(plain.casefold().split())


def _apart(character: str) -> str:
    return f" {character}" if unicodedata.category(character) == "No" else character  # "Alien³" is "Alien 3"


def is_catalogued(title: str) -> bool:
    """Say whether ``title`` ends as only a catalogue's do: ``(4K UHD)``, ``[Subtitled]``, ``(Hindi)``, ``(2019)``."""
    return _tagged(unicodedata.normalize("NFKC", title)) is not None


def _tagged(title: str) -> re.Match[str] | None:
    match = _TAG.fullmatch(title)
    return match if match and _is_tag(match["tag"]) else None


def _without_tags(title: str) -> str:
    while match := _tagged(title):
        title = match["title"]
    match = _ARTICLE_LAST.fullmatch(title)
    return match[1] if match else title


def _is_tag(tag: str) -> bool:
    words = re.split(r"[\s,/&+-]+", _APOSTROPHES.sub("'", tag.casefold()).strip())
    return all(word in _TAG_WORDS or _YEARS.fullmatch(word) for word in words if word)


def _words(title: str) -> list[str]:
    text = _APOSTROPHES.sub("", unicodedata.normalize("NFKD", title).casefold().translate(_LETTERS))
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
    text = " ".join("".join(map(_letter, text)).split())
    return _INITIALS.sub(lambda match: match[0].replace(" ", ""), text).split()


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # joiners and other invisible characters part nothing
        return ""
    return character if category[0] in "LMN" else " "


class TitleIndex:
    """The titles of known shows, as a memory-mapped set of :func:`normalise` keys."""

    def __init__(self, keys: marisa_trie.Trie) -> None:
        self._keys = keys

    @classmethod
    def load(cls, path: Path) -> Self:
        """Map the file at ``path`` into memory (no copy is made; a million titles cost about 8 MB of file).

        Raises:
            BrokenCheckpointError: there is no such file or it is no index.
        """
        if not path.is_file():
            raise BrokenCheckpointError(path, "missing")
        try:
            return cls(marisa_trie.Trie().mmap(str(path)))
        except (OSError, RuntimeError, ValueError) as error:
            raise BrokenCheckpointError(path, "truncated or altered") from error

    @classmethod
    def of(cls, titles: Iterable[str]) -> Self:
        """Return an index of ``titles`` held in memory."""
        return cls(marisa_trie.Trie(_keys(titles)))

    @staticmethod
    def build(titles: Iterable[str], path: Path) -> int:
        """Write an index of ``titles`` to ``path``, all at once or not at all; return how many keys it holds."""
        trie = marisa_trie.Trie(_keys(titles))
        unfinished = path.with_name(path.name + ".unfinished")
        trie.save(str(unfinished))
        unfinished.replace(path)
        return len(trie)

    def __len__(self) -> int:
        return len(self._keys)

    def taken(self, title: str) -> bool:
        """Say whether a show with this title, however it is spelt, is known."""
        return normalise(title) in self._keys


def _keys(titles: Iterable[str]) -> set[str]:
    return {key for key in map(normalise, titles) if key}
