"""Which sentences of a synopsis tell the story, and which are about the film, its makers and its success.

"Tin Moon is a 1956 western film about a blind smith, directed by …" becomes "The story is about a blind smith."
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_WORK: Final = r"(?:film|movie|picture|series|show|feature|documentary|drama|comedy|anime|miniseries|short|serial)"
_TELLS: Final = (
    r"(?:follows|centers (?:on|around|upon)|centres (?:on|around)|revolves around|focuses on|concerns|involves|is about"
    r"|tells (?:of|about|how)|depicts|chronicles|portrays|deals with|is set (?:in|on|at|against|during|around)"
    r"|takes place|explores|details|recounts|opens|begins|traces|tracks)"
)
_STORY_OF: Final = (
    r"(?:tells|is|recounts|relates|chronicles|follows|depicts|concerns|narrates) "
    r"(?:the|a) (?:\w+ )?(?:story|tale) (?:of|about)"
)
_SUBJECT: Final = (
    rf"(?:the|this|its|his|her|their) (?:{_WORK}|plot|story|storyline|narrative)"
    r"(?:'s (?:plot|story)| of [^,.]{1,40}?)?"
)
_TOLD: Final = re.compile(rf"\b{_SUBJECT} (?:also |primarily |mainly )?(?P<verb>{_TELLS}|{_STORY_OF})\b", re.I)
_IT_TELLS: Final = re.compile(rf"^It (?:also )?(?P<verb>{_TELLS}|{_STORY_OF})\b")
_LEAD: Final = re.compile(
    rf"\b(?:is|was) an? [^.]*?\b{_WORK}\b[^.]*?\b(?:"
    rf"(?:that|which) (?P<verb>{_TELLS}|{_STORY_OF})|(?P<about>about)|in which (?P<clause>(?=[a-z])))\s*(?P<rest>.+)$",
    re.I,
)
_MAKERS: Final = re.compile(
    r",? (?:and )?(?:(?:was |is )?(?:written|directed|produced|released|distributed|co-?written|co-?directed|adapted"
    r"|made|shot)"
    r"(?: and [\w-]+)*(?:,| by| in| on| for)|(?:co-?)?starring|featuring|based on|it stars|from a screenplay).*$",
    re.I,
)
# In the lead of an article whatever speaks of these is about the film.
_ABOUT_THE_FILM: Final = re.compile(
    rf"\b(?:{_WORK}s?|films?|filmed|filming|filmmakers?|B-movie|cinema\w*|blockbuster|soundtrack|musical|westerns?"
    rf"|noir)\b"
    r"|\b(?:direct(?:ed|or|s|orial)|produc(?:ed|er|ers|es|tion|tions)|written|wrote|writer|writers|screenplay"
    r"|screenwriters?"
    r"|script(?:ed)?|adapt\w*|remake|remade|sequels?|prequels?|instal?lment|franchise|trilogy|version|based|inspired"
    r"|loosely"
    r"|star|stars|starr\w+|co-stars?|cast|casting|role|roles|cameo|debut|appear(?:s|ed|ance|ances)|play(?:s|ed) by"
    r"|performance"
    r"|performances|actors?|actress|actresses|voiced?|voices|portray\w*|narrat\w+)\b"
    r"|\b(?:releas\w*|distribut\w*|premier\w*|theat(?:er|re)s?|theatrical\w*|box office|gross\w*|budget|critic\w*"
    r"|review\w*"
    r"|nominat\w*|award\w*|Oscars?|Emmy|Golden Globe|festival|audience\w*|reception|DVD|Blu-?ray|VHS|streaming"
    r"|television"
    r"|Netflix|Amazon|Hulu|HBO|Disney|Paramount|Universal|MGM|Metro-Goldwyn|Columbia Pictures|Warner|RKO|Fox"
    r"|Republic Pictures"
    r"|Monogram|Studios?|Pictures|Productions?|Entertainment|Technicolor|CinemaScope|Vitaphone|Code)\b"
    r"|\b(?:novels?|novella|short story|stage play|the play|Broadway|comic|manga|video game|same name|the title"
    r"|titled|entitled"
    r"|title character|working title|known as|preserved|presumed|considered lost|surviv\w+ (?:print|cop)\w*|prints?"
    r"|archives?"
    r"|Registry|Library of Congress|public domain|remast\w*|restored|reels?|runtime|running time|minutes?|footage|sound"
    r"|cinematograph\w*|photograph\w*|composed|composer|score|songs?|lyrics|choreograph\w*|edited|editor"
    r"|special effects)\b"
    r"|\bplay(?:s|ed)? (?:an?|the|his|her|their|both|two|as)\b|\b(?:is|was) an? [^.]{0,60}\b(?:18|19|20)\d\d\b"
    r"|\b(?:According to|For example|took place|shooting|shots?|documents"
    r"|scenes?|featured|video games|contribut\w+|censor\w*)\b"
    r"|\bIt (?:was|is|has|had|stars|marks|marked|also)\b|\b(?:19|20)\d\d\b.*\b(?:19|20)\d\d\b",
    re.I,
)
# Elsewhere only what cannot be said within a story is.
_IN_PASSING: Final = re.compile(
    rf"^(?:The|This|A|An|His|Her|Their) (?:[\w-]+ ){{0,3}}{_WORK}\b(?! (?:student|star|maker|crew|studio|director"
    rf"|producer|set))"
    rf"|\bis an? (?:[\w,'-]+ ){{0,6}}{_WORK}\b|\b(?:the|this) (?:film|movie|series|documentary)\b|\bfilm adaptation\b"
    r"|\b(?:screenplay|box office|nominat\w+|premiered|cinematograph\w*|soundtrack|voiced by|co-?starring|sequel"
    r"|prequel)\b"
    r"|\b(?:theatrical\w*|follow-ups?|franchise|reboot|remake|instal?lment|superstar|Oscar|Golden Globe)\b|--+ ?based"
    r"|\bplayed by\b|\bdirectorial\b|\b(?:film|movie) (?:was|is|stars|version|by|from|about|that)\b|©|^\s*(?:Note"
    r"|Notes|Source)\b"
    r"|\b(?:Winner|Written|Produced|Filmed|Recorded|Adapted|Inspired) (?:of|by|in|from)\b|\bsynopsis\b|\btagline\b",
)
_BROKEN: Final = re.compile(r"[^\W\d_]\?[^\W\d_]|\ufffd|^[a-z]?\W*$|\. It\.$")


_OURS: Final = re.compile("(?:Set [^,]*, )?[Tt]he story ")
_OPENS: Final = re.compile(
    r"(?:An?|Two|Three|Four|When|After|Following|On|While|Having) |[A-Z][a-z]+ [A-Z][a-z]+(?:,[^,.]*,)? is an? (?!\d)"
)
_LEANS: Final = re.compile(
    r"^(?:He|She|They|It|His|Her|Their|Its|This|These|Those|Both|Together|There|However|Also|But|Meanwhile|Eventually|Then"
    r"|Later|Soon|Instead|Ultimately|One of (?:the|his|her|them)|During (?:his|her|their)"
    r"|(?:When|As|While|After) (?:he|she|they|the))\b"
    r"|^(?:At|In|On|To|With|For|From) (?:his|her|their)\b|^(?:[\w'-]+,? ){1,6}(?:he|she|they) "
)
_IN_THE_PAST: Final = re.compile(r"\b(?:was|were|had|did)\b")


def story(sentences: Iterable[str], *, title: str, in_article: bool) -> Iterator[str | None]:
    """Yield every sentence as part of a story, and None for each that is about the work or leans on one left out.

    ``in_article``: of an encyclopedia's article less is believed, for most of it is about the work.
    """
    begun, cut = False, False
    for sentence in sentences:
        kept = _told(sentence, title, begun=begun) if in_article else _unless_aside(sentence)
        if kept and cut and not begun and _LEANS.search(kept):
            kept = None
        begun, cut = begun or kept is not None, cut or kept is None
        yield kept


def _told(sentence: str, title: str, *, begun: bool) -> str | None:
    kept = _rewritten(_without_title(sentence, title))
    kept = _IT_TELLS.sub(lambda match: _begins(match["verb"])[:-1], kept)
    is_ours = _OURS.match(kept)
    about = _ABOUT_THE_FILM.search(kept) or not (is_ours or begun or _OPENS.match(kept))
    return None if about or (not is_ours and _IN_THE_PAST.search(kept)) or _BROKEN.search(kept) else kept


def _unless_aside(sentence: str) -> str | None:
    kept = _rewritten(sentence)
    return None if _IN_PASSING.search(kept) or _BROKEN.search(kept) else kept


def _without_title(sentence: str, title: str) -> str:
    """Return "The film follows …" for "Tin Moon follows …", and "A smith …" for "In Tin Moon, a smith …"."""
    if sentence.startswith(f"In {title}, "):
        return _capital(sentence.removeprefix(f"In {title}, "))
    rest = sentence.removeprefix(f"{title} ")
    return f"The film {rest}" if rest != sentence and re.match(_TELLS, rest) else sentence


def _rewritten(sentence: str) -> str:
    lead = _LEAD.search(sentence)
    if lead:
        rest = _MAKERS.sub("", lead["rest"]).rstrip(" .,;")
        begins = _begins(lead["verb"] or "is about") if lead["clause"] is None else ""
        return _capital(f"{begins}{rest}") + "."
    return _TOLD.sub(lambda match: ("T" if match[0][0].isupper() else "t") + _begins(match["verb"])[1:-1], sentence)


def _begins(verb: str) -> str:
    """Return "The story follows " and the like; "tells the story of" would be said twice."""
    return f"The story {'is about' if re.fullmatch(_STORY_OF, verb, re.I) else verb} "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
