"""Texts of every kind, tiny fonts and the light of colours, for the tests of what is drawn."""

from pathlib import Path
from random import Random
from typing import Final

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

PIECES: Final = (
    "yes", "and", "Nevertheless", "antidisestablishmentarianism" * 3, "W" * 90, "i" * 200, "0123456789" * 12,
    "https://example.org/" + "a/" * 60,
    "日本語のとても長い題名、「もう遅い」と言った。", "한국어 문장", "繁體中文。",
    "ﷺ", "﷽",
    "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "🫨", "e\u0301", "x\u0301\u0302\u0303" * 8, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "\u200b", "\u200d", "\ufeff", "\u202e", "\u2066", "\x00", "\x1b[31m", "\ud800", "\uffff", "\U0010ffff", "\ue000",
    "שלום עולם", "مرحبا بالعالم (١٢)", "abc אבג 12-34", "नमस्ते दुनिया", "สวัสดีชาวโลก",
    "Ünïcödé", "ﬁn", "“naïve”…", "—", "\t",
    "\u00a0", "\u3000", "\u2028", "CONT'D", "(MORE)", "…", "[", "]", "MARGOT:", "INT. HALL - DAY", "\u0301alone",
)  # fmt: skip
STARTS: Final = ("MARGOT: ", "THEO (softly): ", "[INT. ", "[EXT. ", "(", "", "", "灯台: ", "Z" * 40 + ": ")
ENDS: Final = {"[": "]", "(": ")"}


def texts(seed: int) -> str:
    """Return script text by chance: of one to fifteen lines, most of them of the right form."""
    dice = Random(seed)  # noqa: S311 – texts, no secrets
    lines = []
    for _ in range(dice.choice((1, 2, 3, 6, 15))):
        start = dice.choice(STARTS)
        words = " ".join(dice.choice(PIECES) for _ in range(dice.choice((1, 3, 9, 20))))
        lines.append(start + words + ENDS.get(start[:1], ""))
    return dice.choice(("\n", "\n", "\n\n", "\r\n")).join(lines)


def font_of(path: Path, characters: str) -> Path:
    """Write a font that draws each of ``characters`` as a black square, and return ``path``."""
    builder = FontBuilder(1000, isTTF=True)
    names = {ord(sign): f"u{ord(sign):x}" for sign in characters}
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: _square() for name in (".notdef", *names.values())})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", *names.values()), (1000, 50)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def _square() -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for corner in ((50, 800), (950, 800), (950, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()


def colours(picture: Image.Image) -> dict[tuple[int, ...], int]:
    """Return how many pixels have each colour."""
    found = picture.convert("RGB").getcolors(picture.width * picture.height) or []
    return {colour: count for count, colour in found if isinstance(colour, tuple)}


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Return the WCAG 2 contrast of two RGB colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    parts = [part / 255 for part in colour[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
