"""The two pictures of a daily show, in the sizes that each network shows whole."""

from typing import Final

from bot.ui import poster, scriptpage
from bot.usecases.showing import Pictures
from db.pitches import Pitch

WIDE: Final = (1200, 675)
SQUARE: Final = (1080, 1080)
TALL: Final = (1080, 1350)
POSTERS: Final = {
    "twitter": WIDE,  # 16:9; two pictures stand side by side and open whole
    "bluesky": SQUARE,  # crops two pictures to squares
    "mastodon": TALL,  # crops two pictures to 3:4
    "discord": WIDE,
}
"""Size of the poster in pixels by the name of the network; ``WIDE`` for any other. The page is always ``TALL``."""


def pictures(pitch: Pitch, excerpt: str, network: str = "") -> Pictures:
    """Return poster and page of a show for ``network``, each a PNG under 1 MB; no page if ``excerpt`` has no text."""
    words = {"title": pitch.title, "genre": pitch.genre}
    drawn = poster.poster(**words, summary=pitch.summary, seed=pitch.id, size=POSTERS.get(network, WIDE))
    alt = poster.alt_text(**words, summary=pitch.summary)
    if not excerpt.strip():
        return Pictures(poster=drawn, alt=alt)
    return Pictures(
        poster=drawn,
        alt=alt,
        page=scriptpage.scriptpage(title=pitch.title, excerpt=excerpt),
        page_alt=scriptpage.alt_text(**words, excerpt=excerpt),
    )
