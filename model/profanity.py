"""How coarse a text is, in four tiers, however the words are spelt: ``fuuuck``, ``f u c k``, ``sh1t``, ``ｆück``.

Words are compared whole, so that Scunthorpe, Dickens and a cocktail in Essex pass.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final


class Tier(IntEnum):
    """How coarse a text is; what a room allows is a tier."""

    CLEAN = 0
    MILD = 1
    STRONG = 2
    SLUR = 3


_WORDS: Final = {
    Tier.MILD: """
        arse arses ass asses badass badasses dumbass fatass jackass jackasses kickass smartass bastard bastards bloodyhell
        bollocks boner boob boobs bugger buggered bullcrap crap crappy damn damnit dammit damned? dick dicks douche douchebag
        douchebags goddam goddamn goddamned piss pissed pisses pissing pissoff prick pricks titties tits tosser tossers wtf
        """,
    Tier.STRONG: """
        arsehole arseholes asshole assholes ballsack bellend bitch bitches bitching bitchy biatch bitchass blowjob blowjobs
        bukkake bullshit bullshitter bullshitting chickenshit clit clits cock cocks cocksucker cocksuckers cocksucking creampie
        cum cumming cums cumshot cumshots cunt cunting cunts cunty dickhead dickheads dildo dildos dipshit dipshits dumbfuck
        effing fck fcking fcuk fellatio fingerbang fking fuk fuking gangbang gangbanged gangbangs handjob handjobs horseshit
        jackoff jerkoff jizz knobhead knobheads milf milfs motherfucker mofo mothafucka phuck porn porno pussies pussy rimjob
        shit shite shitface shitfaced shithead shitheads shithole shitholes shitless shits shitshow shitstorm shitter shitting
        shitty slut sluts slutty stfu sonofabitch thot thots twat twats wank wanked wanker wankers wanking whore whores
        """,
    Tier.SLUR: """
        beaner beaners chink chinks coon coons dago dagos dyke dykes fag faggot faggots faggy fags gook gooks gyppo gyppos homo
        homos injun injuns jap japs kaffir kaffirs kike kikes nigga niggah niggas niggaz nigger niggers niglet niglets paki
        pakis raghead ragheads retard retarded retards shemale shemales spic spick spicks spics tarbaby towelhead towelheads
        trannies tranny wetback wetbacks wog wogs wop wops zipperhead
        """,
}
# Within any word: no word that is not coarse has these letters in a row.
_ANYWHERE: Final = {"fuck": Tier.STRONG, "bullshit": Tier.STRONG, "motherfuck": Tier.STRONG, "faggot": Tier.SLUR}
# What is no insult where it stands like this; looked up only in texts in which something was found.
_ALLOWED: Final = re.compile(
    r"\b(?:moby[- ]dick|dick (?:tracy|turpin|whittington|grayson|cheney|clark|dale|powell|van dyke|johnson|cavett|smothers"
    r"|and jane)|(?:deadeye|deadwood|tricky|philip k\.?|andy|spotted|slick) dick|tom,? dick,? (?:and|&|or) harry"
    r"|(?:jerry|barry|leroy|anthony|earle|mary|willard) van dyke|van dyke|offa's dyke|(?:dam|dike|sea)s? and dykes?"
    r"|(?:magna |summa |insigni )?cum laude|\w+[- ]cum[- ]\w+|cock[- ](?:and[- ]bull|a[- ]doodle|robin|crow|fight\w*|ring\w*)"
    r"|(?:weather|stop|turkey|black|wood|game|pea|half)[- ]cock|(?:fighting|game) cocks?|cock of the (?:walk|north|rock)"
    r"|pussy[- ](?:cats?|willows?|riot|galore|foot\w*)|(?:what's new|puss),? pussy ?cats?|octopussy"
    r"|chinks? in (?:the|his|her|their|its|our|your|my) armou?r|spick? and span|(?:maine|rac)[- ]?coons?|coon (?:dog|hound|cat)s?"
    r"|homo[- ](?:sapiens|erectus|habilis|ludens|faber|economicus|deus|neanderthalensis)|ecce homo|kaffir limes?"
    r"|doo[- ]?wops?|fag[- ]ends?|(?:pack|packet) of fags|flame[- ]retard\w*|blue tits|great tits|coal tits|marsh tits"
    r"|pricks? (?:of conscience|up (?:his|her|their|its|your|my) ears)|jack ?ass(?: penguin)?s?|balaam's ass|ox (?:and|or) ass"
    r"|dick'?s (?:sporting|picks|last resort)|(?:scrap|craps?) (?:game|table)s?|shoot(?:s|ing)? craps)\b"
)
_EXCLAIMED: Final = re.compile(
    r"\b(?:what|who|where|why|how|when) the hell\b|\b(?:go|goes|went|burn|rot) (?:to|in) hell\b|\bbloody hell\b"
    r"|\bhell (?:no|yeah|yes)\b|\b(?:as|like|the) hell (?:is|are|was|did|do|with|out)\b|\bscrew you\b|\bsuck my\b"
)
_NAMES: Final = frozenset({"dick", "dicks", "cocks", "dyke", "coon", "wang", "homo"})  # when written like names
_LEET: Final = str.maketrans("0134568792@$€!|¡£+l", "oieasgbtgzasciiieti")  # l, i and 1 are written for each other
_LOOKALIKES: Final = str.maketrans(
    "авеклмнорстухѕіјԁԛαεικνορτυχß", "abekimhopctyxsijdqaeikvoptuxs"  # Cyrillic and Greek
)
_CENSORED: Final = re.compile(r"[a-z]\*{1,4}[a-z]{0,6}|[a-z]{2}\*{1,3}[a-z]{0,5}")
_PIECES: Final = re.compile(r"[^\W_]+(?:[*@$€!|+]+[^\W_]+)*[$€]*")
_ODD: Final = re.compile(r"[^a-z]")
_TWICE: Final = re.compile(r"(.)\1+")
_LETTER_BY_LETTER: Final = re.compile(r"(?<![^\W_])(?:[^\W_][\W_]{1,3}){2,}[^\W_](?![^\W_])")
_EDGE: Final = ".,;:?!\"'()[]{}<>~*_-–—…“”‘’«»/\\#&"


def _folded(word: str) -> str:
    return word.translate(_LEET)


def _squeezed(word: str) -> str:
    return _TWICE.sub(r"\1", word)
