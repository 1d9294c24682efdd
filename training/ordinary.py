# ruff: noqa: SIM905 - word lists read better as lines of words
"""Names that are words as well (Will, Mark, May): whether one is meant as a name where it stands."""

import re
from typing import Final

ORDINARY: Final = frozenset(
    """
    abbott amber angel april art august autumn baker banks basil bear bill bing bird bishop black blue bob book booth
    bridge brook brooks brown buck bud burns bush candy carol cash chance charity chase cherry chip christian
    christmas chuck clay cliff colt cook crystal daisy dale dawn day dean destiny dick dollar don drew duke earl easter
    eve faith fan field fish flint flora flower ford forest fox frank french gay gene ginger given glass gold grace
    grant gray green guy hall harmony heath heather hill holly honey hope hunt hunter iris ivy jack jade jasmine jean
    jersey jewel joy judge june justice king knight lake lance lane laurel law lee lily little long love low mark
    marshall mason max may mercy mike miles miller mine mint miss moon moss nick noble norm north olive page pan park
    parker parish pat patience pearl penny pepper pike pink pip poe porter post precious price pride prince prudence
    queen randy ray red reed rice rich rob robin rock rod root rose royal ruby rush rusty sage sally sandy savage
    scarlet school scout sea serenity sharp shepherd short silver skip sky small smart smith snow spring star stone
    story street strong sue summer sunny tab tag tate temple thorn tip tom tower treasure trip trinity tucker turner
    underwood van vera violet wade wall ward water weaver wells west white will winter wise wolf wood woods young
    """.split()
) - {"bing", "bob", "carol", "sally", "tom", "vera", "mike", "flora"}  # words, but never in their place
_MONTHS: Final = frozenset({"april", "may", "june", "august"})
_IN_A_MONTH: Final = re.compile(r"\b(?:in|on|of|since|until|till|by|last|next|this|late|early|mid|every|for)\s+$", re.I)
_OF_A_MONTH: Final = re.compile(r"\s+\d")
_STARTS: Final = re.compile(r"(?:^|[.!?…:;\"“”(\[*♪~—–]|--)\s*['‘]?$")
_ARTICLE: Final = re.compile(r"\b(?:a|an|the|no|some|any|every|each|one|two|three)\s+$", re.I)
_VERB: Final = (
    r"is|isn['’]t|was|wasn['’]t|has|hasn['’]t|had|says|said|does|doesn['’]t|did|didn['’]t|can|can['’]t|could|should|would"
    r"|wants|wanted|knows|knew|thinks|thought|likes|loves|loved|told|tells|gave|gives|got|gets|went|goes|came|comes"
    r"|looks|looked|enters|takes|took|made|makes|just|never|always|and\s+(?:I\b|[A-Z][a-z])"
)
_AFTER_A_NAME: Final = re.compile(rf"\s*(?:[,!?.…)\]]|--|[—–]|$)|['’](?:s|ll|d)\b|\s+(?:{_VERB})\b")
_ACTS: Final = re.compile(r"(?:\s+(?:slowly|quickly|then|also|and \w+))?\s+(?!(?:this|his|as|us|its|yes)\b)[a-z]+s\b")
_COMMA: Final = re.compile(r"[a-z],\s+$")
_END: Final = re.compile(r"\s*[!?.]")
_DOUBLE: Final = re.compile(r"\b[A-Z][a-z]+-$")
_CAPITALS_BESIDE: Final = re.compile(r"\s+[A-Z]{2,}")


def meant_as_name(text: str, start: int, end: int) -> bool:
    """Say whether the capitalised word at ``start:end``, known to be a name as well as a word, is the name.

    Inside a sentence the capital letter tells. At its start, and among capitals, only what follows does: a comma, a
    verb of a third person. A month or a thing with an article is none.
    """
    before = text[:start]
    if text[start:end].casefold() in _MONTHS and (_IN_A_MONTH.search(before) or _OF_A_MONTH.match(text, end)):
        return False
    if _ARTICLE.search(before):
        return False
    shouted = text[start:end].isupper() and _CAPITALS_BESIDE.match(text, end) is not None
    if not shouted and not _STARTS.search(before):
        return True
    if _AFTER_A_NAME.match(text, end):
        return True
    return _in_direction(before) and _ACTS.match(text, end) is not None


def meant_as_surname(text: str, start: int, end: int) -> bool:
    """Say whether the word at ``start:end`` is called out, as people do with a surname, or half of a double name."""
    called = _COMMA.search(text, 0, start) is not None and _END.match(text, end) is not None
    return called or _DOUBLE.search(text, 0, start) is not None


def _in_direction(before: str) -> bool:
    return max(before.rfind("("), before.rfind("[")) > max(before.rfind(")"), before.rfind("]"))
