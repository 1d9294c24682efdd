"""The picture of a show: title and summary on the colours of its genre, a page of the script beside them."""

import io
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from bot.ui.backdrops import PALETTES, PLAIN, Palette, backdrop
from bot.ui.scriptpage import PAGE, page_lines
from bot.ui.typesetting import LEADING, Line, broken, clipped, drawable, face, fitted, stacked

WIDTH: Final = 1200
HEIGHT: Final = 675
MARGIN: Final = 64
NOTE: Final = "A show that does not exist. Written by a language model."
MAX_ALT: Final = 1000

_COLUMN: Final = 560  # pixels for the words when a page lies beside them
_WIDE: Final = 760
_TITLE_SIZES: Final = range(140, 32, -4)
_TITLE_HEIGHT: Final = 290.0
_TITLE_LEADING: Final = 1.08
_SUMMARY_SIZES: Final = (26, 24, 22)
_LABEL: Final = 22
_SMALL: Final = 16
_TOP: Final = 124.0
_BOTTOM: Final = HEIGHT - MARGIN - 2 * _SMALL
_LIGHT: Final = "#4ADE80"  # the green light
_PAPER: Final = "#FBF8F0"
_TYPE: Final = "#23201C"
_PAGE_AT: Final = (690, 62)
_SHARP: Final = 2  # the page is set larger, turned, and made smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every line on the picture: ``label``, ``title``, ``summary``, ``note``, and the ``page`` in its own pixels."""

    label: Line
    title: tuple[Line, ...]
    summary: tuple[Line, ...]
    note: Line
    page: tuple[Line, ...]

    @property
    def words(self) -> tuple[Line, ...]:
        """The lines that lie on the picture itself."""
        return (self.label, *self.title, *self.summary, self.note)


def layout(*, title: str, summary: str, genre: str, excerpt: str | None) -> Layout:
    """Return where every line goes; all of them stay inside the margins of picture and page."""
    page = page_lines(excerpt) if excerpt else ()
    width = _COLUMN if page else _WIDE
    name = drawable(title) or drawable(genre).title() or "GreenLIT"
    size, names = fitted(name, width=width, height=_TITLE_HEIGHT, sizes=_TITLE_SIZES, leading=_TITLE_LEADING)
    below = _TOP + len(names) * size * _TITLE_LEADING + 24
    label = f"GREENLIT · {drawable(genre).upper()}".rstrip(" ·")
    label = clipped(broken(label, width=width - 30, size=_LABEL), most=1, width=width - 30, size=_LABEL)[0]
    return Layout(
        label=Line(text=label, x=MARGIN + 30, y=MARGIN, size=_LABEL, bold=True),
        title=tuple(stacked(names, x=MARGIN, y=_TOP, size=size, bold=True, leading=_TITLE_LEADING)),
        summary=_summary(drawable(summary), width=width, top=below),
        note=Line(text=NOTE, x=MARGIN, y=HEIGHT - MARGIN, size=_SMALL),
        page=page,
    )


def _summary(text: str, *, width: int, top: float) -> tuple[Line, ...]:
    size, lines = _SUMMARY_SIZES[-1], list[str]()
    for size in _SUMMARY_SIZES:
        lines = broken(text, width=width, size=size)
        most = int((_BOTTOM - top) // (size * LEADING))
        if len(lines) <= most:
            break
    lines = clipped(lines, most=int((_BOTTOM - top) // (size * LEADING)), width=width, size=size)
    return tuple(stacked(lines, x=MARGIN, y=top, size=size))


def poster(*, title: str, summary: str, genre: str, excerpt: str | None, seed: int) -> bytes:
    """Return a PNG of 1200 × 675 pixels and at most 200 kB, the same for the same arguments.

    ``excerpt`` is script text, one element a line; without it the words take the space of the page.
    Characters the typeface lacks are left out (:func:`alt_text` has them all).
    """
    plan = layout(title=title, summary=summary, genre=genre, excerpt=excerpt)
    random, palette = Random(seed), PALETTES.get(genre.casefold(), PLAIN)  # noqa: S311 - a picture, not a secret
    picture = backdrop((WIDTH, HEIGHT), palette, random)
    if plan.page:
        _lay_page(picture, plan.page, angle=random.choice((-3.0, -2.0, 2.0, 3.0)))
    _write(picture, plan, palette)
    file = io.BytesIO()
    picture = picture.quantize(
        256, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
    )  # keeps rare colours
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _write(picture: Image.Image, plan: Layout, palette: Palette) -> None:
    draw = ImageDraw.Draw(picture)
    draw.ellipse((MARGIN, MARGIN + 2, MARGIN + 16, MARGIN + 18), fill=_LIGHT)
    for line in plan.words:
        ink = palette.accent if line in (plan.label, plan.note) else palette.ink
        draw.text((line.x, line.y), line.text, font=face(line.size, bold=line.bold), fill=ink)


def _lay_page(picture: Image.Image, lines: tuple[Line, ...], *, angle: float) -> None:
    width, height = PAGE[0] * _SHARP, PAGE[1] * _SHARP
    sheet = Image.new("RGBA", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for line in lines:
        font = face(line.size * _SHARP, bold=line.bold)
        draw.text((line.x * _SHARP, line.y * _SHARP), line.text, font=font, fill=_TYPE)
    turned = sheet.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    turned = turned.resize((turned.width // _SHARP, turned.height // _SHARP), Image.Resampling.LANCZOS)
    shadow = Image.new("RGBA", picture.size)
    shadow.paste((0, 0, 0, 120), (_PAGE_AT[0] + 8, _PAGE_AT[1] + 14), turned.getchannel("A"))
    picture.paste((0, 0, 0), mask=shadow.filter(ImageFilter.GaussianBlur(12)).getchannel("A"))
    picture.paste(turned, _PAGE_AT, turned)


def alt_text(*, title: str, summary: str, genre: str, excerpt: str | None) -> str:
    """Return the picture in words for those who do not see it: at most 1000 characters, on one line."""
    parts = [f"Poster of “{title}”, {genre}, a show that does not exist: {summary}"]
    if excerpt:
        parts.append(f"Beside it, a page of the script: {' / '.join(excerpt.splitlines())}")
    text = " ".join(" ".join(parts).split())
    return text if len(text) <= MAX_ALT else text[: MAX_ALT - 1].rstrip() + "…"
