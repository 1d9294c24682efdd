"""Other names in a text: whole words in their case, possessives, plurals, stutters, stretched and broken-off names."""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from training.ordinary import meant_as_name, meant_as_surname
from training.people import LETTERS, TITLES

_WORD: Final = re.compile(rf"(?:[DdOo]['’])?{LETTERS}+")
_LAST_WORD: Final = re.compile(rf"({LETTERS}+)(?:[.][ \t]*|[ \t]+)$")
_CONTRACTION: Final = re.compile(rf"['’](?!(?:s|ll|d|re|ve|m)\b){LETTERS}", re.I)
_BARE_POSSESSIVE: Final = re.compile(r"['’](?=\s+[A-Za-z]|\s*[?!.,;:)\]]|\s*$)")
_OPEN_QUOTE: Final = re.compile(r"(?:^|[\s(])['‘]")
_BROKEN_OFF: Final = re.compile(rf"[-—–]+(?!{LETTERS})")
_STRETCH: Final = re.compile(rf"({LETTERS})\1\1+", re.I)  # no spelling
_LONG: Final = 6  # letters of a name that no other word begins with
_SHORTEST: Final = 4  # letters of a plural or of a broken-off name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """The new names of a work by the old ones, all old ones in lower case.

    ``given`` has nicknames too. ``ordinary`` are names that the language uses as words: they are replaced only where
    a name is meant. ``unmistakable`` ones are replaced in lower case as well: nobody else is called so there.
    After one of ``first_names``, new or not, a surname is one even if it is an ordinary word.
    """

    given: Mapping[str, str]
    surnames: Mapping[str, str]
    ordinary: Set[str]
    unmistakable: Set[str] = frozenset()
    first_names: Set[str] = frozenset()
    _new: dict[str, str] = field(init=False)
    _squeezed: dict[str, str] = field(init=False)
    _candidates: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        new = {**self.surnames, **self.given}
        object.__setattr__(self, "_new", new)
        object.__setattr__(self, "_squeezed", {_squeeze(old): old for old in reversed(new)})
        object.__setattr__(self, "_candidates", _candidates(self.unmistakable))

    def cue(self, speaker: str) -> str:
        """Return the cue with every name in it replaced; a function stays what it is."""
        return _WORD.sub(lambda match: self._cue_word(match[0]), speaker)

    def _cue_word(self, word: str) -> str:
        new = None if word.islower() else self._new.get(word.casefold())
        return _styled(new, word) if new else word

    def replaced(self, text: str) -> str:
        """Return ``text`` with all names replaced at once: a new name is never taken for an old one."""
        parts: list[str] = []
        done = 0
        for match in self._candidates.finditer(text):
            new = self._word(match)
            if new is not None:
                parts += [text[done : match.start()], new]
                done = match.end() + new.endswith("'s")  # the bare apostrophe of "Ross'"
        return "".join([*parts, text[done:]]) if parts else text

    def _word(self, match: re.Match[str]) -> str | None:
        word, end = match["word"], match.end()
        found = self._find(word, match.string, end)
        if found is None or _CONTRACTION.match(match.string, end):
            return None
        old, new = found
        if not self._is_meant(old, match):
            return None
        new = _styled(new, word)
        if match["bit"]:
            bit = _styled(new[: len(match["bit"])], match["bit"])
            new = re.sub(f"{LETTERS}+", bit, match["bit"] + match["more"]) + new
        return new + "'s" if self._lost_possessive(match, new) else new

    def _find(self, word: str, text: str, end: int) -> tuple[str, str] | None:
        """Return the old name that ``word`` is a form of, and the same form of the new one."""
        key = word.casefold()
        if new := self._new.get(key):
            return key, new
        if len(key) < _SHORTEST:
            return None
        if key[-1] == "s" and (old := next((one for one in (key[:-1], key[:-2]) if one in self._new), None)):
            return old, self._new[old] + ("es" if self._new[old][-1] in "sxz" else "s")
        stretch = _STRETCH.search(key)
        if stretch and (old := self._squeezed.get(_squeeze(key))):
            return old, self._new[old] + self._new[old][-1] * (len(stretch[0]) - 1)
        if _BROKEN_OFF.match(text, end):
            return self._broken_off(key)
        return self._glued(key)

    def _broken_off(self, key: str) -> tuple[str, str] | None:
        whole = [old for old in self.given if old.startswith(key) and old not in self.ordinary]
        new = {self.given[old] for old in whole}
        return (whole[0], new.pop()[: len(key)]) if len(new) == 1 else None

    def _glued(self, key: str) -> tuple[str, str] | None:
        """Return a long name that a play on words begins with, and the same play on the new one."""
        leads = (key[:length] for length in range(len(key) - 1, _LONG - 1, -1))
        old = next((lead for lead in leads if lead in self.unmistakable and lead in self._new), None)
        return (old, self._new[old] + key[len(old) :]) if old else None

    def _is_meant(self, old: str, match: re.Match[str]) -> bool:
        text, start, end = match.string, match.start("word"), match.end()
        if match["word"][0].islower():
            return old in self.unmistakable
        if old not in self.ordinary:
            return True
        before = _LAST_WORD.search(text, max(0, start - 30), start)
        named = before is not None and self._comes_before_a_name(before[1].casefold())
        if old in self.given:
            return named or self._surname_follows(text, end) or meant_as_name(text, start, end)
        family, after_the = match["word"].casefold() != old, before is not None and before[1] == "the"
        if named or meant_as_surname(text, start, end):
            return True
        return family and (after_the or meant_as_name(text, start, end))

    def _comes_before_a_name(self, word: str) -> bool:
        return word in self.given or word in TITLES or word in self.first_names

    def _surname_follows(self, text: str, end: int) -> bool:
        after = _WORD.match(text, end + 1)
        return after is not None and after[0].casefold() in self.surnames and after[0][0].isupper()

    @staticmethod
    def _lost_possessive(match: re.Match[str], new: str) -> bool:
        """Say whether "Ross' hat" needs a full ending now."""
        quoted = _OPEN_QUOTE.search(match.string, 0, match.start())
        possessive = _BARE_POSSESSIVE.match(match.string, match.end())
        return match["word"][-1] in "sS" and new[-1] not in "sS" and possessive is not None and not quoted


def _candidates(unmistakable: Iterable[str]) -> re.Pattern[str]:
    """Return what finds words with a capital letter, or one of the given names in lower case, stutter included."""
    lower = "".join(f"|{re.escape(name)}(?!{LETTERS})" for name in sorted(unmistakable))
    return re.compile(
        rf"(?<!{LETTERS})(?:(?P<bit>{LETTERS}{{1,5}})(?P<more>-+(?:(?P=bit)-+)*)(?=(?P=bit){LETTERS}))?"
        rf"(?P<word>(?:[do]['’])?(?-i:[^\W\d_a-z]{LETTERS}*{lower}))",
        re.I,
    )


def _squeeze(name: str) -> str:
    return "".join(letter for letter, _ in groupby(name))


def _styled(new: str, old: str) -> str:
    if old.isupper() and (len(old) > 1 or len(new) == 1):
        return new.upper()
    return new.lower() if old.islower() else new
