import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.ui import backdrops
from bot.ui import poster as posters
from bot.ui.backdrops import PALETTES, PLAIN
from bot.ui.encoding import MOST, png
from bot.ui.motifs import Motif
from bot.ui.pictures import POSTERS, SQUARE, TALL, WIDE, pictures
from bot.ui.poster import Layout, alt_text, layout, poster
from bot.ui.readable import drawable
from bot.ui.typefaces import Voice, face_for, own
from db.pitches import Pitch
from model import briefs
from tests.bot.conftest import OnlyFonts, OpenApp, Slated
from tests.bot.typography import PIECES, colours, contrast, font_of

SHOW = {"title": "Late Checkout", "summary": "A hotel sells yesterday.", "genre": "comedy"}
LONG = "The Unlikely Second Career of Mrs. Ottoline Pemberton-Vance, Part-Time Burglar of Lower Wickham Village"
SIZES = (WIDE, SQUARE, TALL)
WORDS = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join),
    st.lists(st.text(alphabet=st.characters(codec="latin-1"), max_size=40), max_size=12).map(" ".join),
)


def assert_inside(plan: Layout, size: tuple[int, int]) -> None:
    """Every line keeps the margin and stays clear of the drawing."""
    margin = round(min(size) * posters.MARGIN)
    wide = size[0] > size[1]
    right = size[0] * (1 - posters.WIDE_SPLIT) if wide else size[0] - margin
    top = margin if wide else size[1] * posters.split_of(size)
    for line in plan.lines:
        x0, y0, x1, y1 = line.box
        assert margin * 0.6 <= x0 <= x1 <= right + 1, line
        assert top * 0.6 <= y0 <= y1 <= size[1] - margin * 0.5, line


@settings(max_examples=150, deadline=None)
@given(
    title=WORDS,
    summary=WORDS,
    genre=st.one_of(st.sampled_from(briefs.GENRES), st.text(max_size=40)),
    size=st.sampled_from(SIZES),
)
def test_no_line_leaves_its_place_whatever_is_written(
    title: str, summary: str, genre: str, size: tuple[int, int]
) -> None:
    assert_inside(layout(title=title, summary=summary, genre=genre, size=size), size)


@settings(max_examples=100, deadline=None)
@given(title=WORDS, summary=WORDS, genre=st.sampled_from(briefs.GENRES), size=st.sampled_from(SIZES))
def test_lines_never_cover_each_other(title: str, summary: str, genre: str, size: tuple[int, int]) -> None:
    lines = layout(title=title, summary=summary, genre=genre, size=size).lines
    assert [line.y for line in lines] == sorted(line.y for line in lines)
    for above, below in pairwise(lines):
        assert above.box[3] <= below.box[1] + 1, (above, below)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("genre", ["comedy", "crime", "drama"])
def test_a_title_of_one_word_and_one_of_fourteen_are_the_largest_words(genre: str, size: tuple[int, int]) -> None:
    for title in ("Ash", "Overtime", LONG):
        plan = layout(title=title, summary=SHOW["summary"], genre=genre, size=size)
        assert " ".join(line.text for line in plan.title).casefold() == title.casefold()
        assert plan.title[0].size >= 1.3 * plan.summary[0].size > plan.note.size
    assert len(layout(title="Overtime", summary="", genre=genre, size=size).title) == 1


@pytest.mark.parametrize("size", [WIDE, TALL])
@pytest.mark.parametrize("genre", [*briefs.GENRES, "unheard of"])
def test_the_words_can_be_read_on_every_pixel_behind_them(genre: str, size: tuple[int, int]) -> None:
    palette = PALETTES.get(genre, PLAIN)
    plan = layout(title=LONG, summary="A summary of some length. " * 6, genre=genre, size=size)
    for seed in range(2):
        ground = backdrops.backdrop(size, posters.split_of(size), palette, seed)
        for line in plan.lines:
            least = 4.5 if line in (plan.label, plan.note) else 7
            ink = palette.accent if line in (plan.label, plan.note) else palette.ink
            left, top, right, bottom = map(round, line.box)
            behind = colours(ground.crop((left, top, right, bottom)))
            assert min(contrast(_rgb(ink), colour) for colour in behind) >= least, line


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_drawing_and_ground_differ_enough_to_be_seen() -> None:
    for genre, palette in PALETTES.items():
        assert contrast(_rgb(palette.accent), _rgb(palette.shape)) >= 3, genre


@pytest.mark.parametrize("motif", sorted({motif for palette in PALETTES.values() for motif in palette.motifs}, key=str))
@pytest.mark.parametrize("size", SIZES)
def test_every_drawing_has_shapes_in_at_least_three_colours(motif: Motif, size: tuple[int, int]) -> None:
    palette = backdrops.Palette("#101010", "#404040", "#F0F0F0", motifs=(motif,))
    for seed in range(3):
        picture = backdrops.backdrop(size, posters.split_of(size), palette, seed)
        seen = [count for count in colours(picture).values() if count > 0.002 * size[0] * size[1]]
        assert len(seen) >= 3, (motif, seed)


@pytest.mark.parametrize(
    "text", ["", "日本語", "🚀" * 30, "\ud800", "a" * 5000, "שלום", "\x00\x1b[31m", "e\u0301" * 200], ids=range(8)
)
def test_any_text_becomes_a_picture(text: str) -> None:
    for size in SIZES:
        with Image.open(io.BytesIO(poster(title=text, summary=text, genre=text, seed=1, size=size))) as picture:
            assert picture.size == size
            assert picture.format == "PNG"


@pytest.mark.parametrize("genre", briefs.GENRES)
def test_every_genre_has_its_colours_and_a_small_picture(genre: str) -> None:
    assert genre in PALETTES
    for seed in range(2):
        assert len(poster(title=SHOW["title"], summary=SHOW["summary"], genre=genre, seed=seed)) <= 200_000


def test_the_same_show_has_the_same_picture_and_another_seed_another() -> None:
    once, again, other = (
        poster(title="Late Checkout", summary="A hotel sells yesterday.", genre="comedy", seed=seed)
        for seed in (7, 7, 8)
    )
    assert once == again
    assert once != other


def test_a_long_summary_ends_in_an_ellipsis_and_a_short_one_is_whole() -> None:
    long = layout(title="Ash", summary="letters " * 200, genre="drama").summary
    short = layout(title="Ash", summary="A town keeps sending letters.", genre="drama").summary
    assert long[-1].text.endswith("…")
    assert " ".join(line.text for line in short) == "A town keeps sending letters."


def test_capitals_are_for_the_typeface_that_was_made_for_them() -> None:
    assert layout(title="Overtime", summary="", genre="sport").title[0].text == "OVERTIME"
    assert layout(title="Overtime", summary="", genre="drama").title[0].text == "Overtime"


def test_letters_that_no_typeface_has_lose_their_marks_or_are_named(only_fonts_of: OnlyFonts) -> None:
    only_fonts_of()
    assert drawable("Café  ﬁn q\u0301ẍ\n— 日本 語、 😀 👩‍🚀ok한국 あ") == (
        "Café ﬁn qx — [Japanese] [grinning face] [woman, rocket] ok [Korean] [Japanese]"
    )
    assert drawable("Ω \ue000 שלום") == "[Greek] [?] [Hebrew]"
    assert layout(title="灯台守", summary="", genre="anime").title[0].text == "[Chinese]"


def test_a_title_of_nothing_visible_gives_way_to_the_genre() -> None:
    assert [line.text for line in layout(title="\u200b\x00", summary="", genre="drama").title] == ["Drama"]
    assert [line.text for line in layout(title="", summary="", genre="").title] == ["GreenLIT"]


def test_what_ours_cannot_draw_comes_from_a_font_of_the_machine(only_fonts_of: OnlyFonts, tmp_path: Path) -> None:
    only_fonts_of(han="灯台守", emoji="🚀")
    assert drawable("Tokyo 灯台守 🚀 日") == "Tokyo 灯台守 🚀 [Chinese]"
    found = face_for("灯", Voice.SERIF)
    assert found is not None
    assert found.path == tmp_path / "han.ttf"
    assert face_for("a", Voice.SERIF) == own(Voice.SERIF)


def test_a_heavy_voice_takes_the_heavy_font_and_an_emoji_the_font_of_emoji(
    only_fonts_of: OnlyFonts,
) -> None:
    only_fonts_of(**{"NotoSans-Regular": "灯🚀", "NotoSans-Bold": "灯🚀", "NotoColorEmoji": "🚀"})
    names = [face_for(*wish) for wish in (("灯", Voice.GOTHIC), ("灯", Voice.TYPEWRITER), ("🚀", Voice.GOTHIC))]
    assert [face.path.stem for face in names if face] == ["NotoSans-Bold", "NotoSans-Regular", "NotoColorEmoji"]


def test_a_broken_font_file_is_passed_by(only_fonts_of: OnlyFonts, tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0 no font")
    (tmp_path / "empty.ttc").write_bytes(b"ttcf")
    cut = font_of(tmp_path / "cut.ttf", "灯日")
    cut.write_bytes(cut.read_bytes()[:-200])
    only_fonts_of(han="灯")
    assert drawable("灯日") == "灯 [Chinese]"


def test_alt_text_says_title_genre_and_logline_within_what_x_takes() -> None:
    text = alt_text(**SHOW)
    assert text == "Poster of “Late Checkout”, comedy, a show that does not exist: A hotel sells yesterday."
    assert len(alt_text(**{**SHOW, "summary": "long\n" * 900})) <= 1000
    assert "日本語" in alt_text(title="日本語", summary="", genre="anime")


def test_a_picture_of_noise_is_made_small_enough_for_every_network() -> None:
    noise = Image.effect_noise((1080, 1350), 90).convert("RGB")
    assert len(png(noise)) <= MOST
    assert len(png(Image.merge("RGB", [Image.effect_noise((1080, 1350), 90) for _ in range(3)]))) <= MOST


async def test_each_network_gets_the_sizes_that_it_shows_whole(open_app: OpenApp, slated: Slated) -> None:
    show: Pitch = (await slated(open_app())).pitches[0]
    for network in (*POSTERS, "outbox", "webhook"):
        drawn = pictures(show, "ANNA: Is he gone?", network)
        for file, size in ((drawn.poster, POSTERS.get(network, WIDE)), (drawn.page, TALL)):
            assert len(file) <= MOST
            with Image.open(io.BytesIO(file)) as picture:
                assert picture.size == size


@pytest.mark.parametrize("size", SIZES)
def test_tall_letters_of_other_scripts_push_the_lines_apart(size: tuple[int, int]) -> None:
    lines = layout(title="", summary="0J̩࠰䁛 " * 3, genre="action", size=size).lines
    for above, below in pairwise(lines):
        assert above.box[3] <= below.box[1] + 1, (above, below)
