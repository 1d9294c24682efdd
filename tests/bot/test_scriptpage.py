import io

import pytest
from PIL import Image, ImageChops

from bot.ui import scriptpage, typefaces
from bot.ui.graphemes import clusters, visible
from bot.ui.readable import drawable
from bot.ui.scriptpage import CONTINUED, HEIGHT, LEADING, LEFT, MORE, RIGHT, ROWS, WIDTH, Page, alt_text, layout
from bot.ui.typefaces import Voice
from bot.ui.typesetting import Line, measured, runs
from model.screenplay import Direction, Heading, NotAScriptError, Turn, read_line
from tests.bot.conftest import OnlyFonts
from tests.bot.typography import PIECES, texts

EXCERPT = """[INT. HOTEL LOBBY - NIGHT]
(Rain against the windows. MARGOT, 60, counts keys that nobody asked for.)
MARGOT: Room twelve again.
THEO (not looking up): We don't have a room twelve.
(She holds up a coin.)
THEO: Then who just tipped you?"""


def wording(page: Page) -> list[str]:
    return [line.text for line in page.script]


def solid(text: str) -> str:
    return "".join(text.replace(CONTINUED.strip(), "").split())


def written(excerpt: str) -> str:
    """Return all that a page should say of an excerpt, without blanks."""
    return "".join(solid(" ".join(_parts(text))) for text in filter(None, map(visible, excerpt.splitlines())))


def _parts(text: str) -> list[str]:
    try:
        element = read_line(text)
    except NotAScriptError:
        return [drawable(text)]
    match element:
        case Turn(cue, speech, manner):
            return [drawable(cue), drawable(f"({manner})") if manner else "", drawable(speech)]
        case Heading(words):
            return [drawable(words, Voice.TYPEWRITER_BOLD)]
        case Direction(words):
            return [drawable(words)]


def assert_inside(page: Page) -> None:
    for line in page.lines:
        left, top, right, bottom = line.box
        assert LEFT - line.size * 0.4 <= left <= right <= WIDTH - RIGHT + 1, line
        assert line.size <= top <= bottom <= HEIGHT - line.size, line


def assert_nothing_lost(page: Page, excerpt: str) -> None:
    said, expected = solid(" ".join(wording(page))), written(excerpt)
    if page.whole:
        assert said == expected
        return
    end = MORE if said.endswith(MORE) else "…"
    assert said.endswith(end)
    assert expected.startswith(said.removesuffix(end))
    assert said.removesuffix(end) != expected


@pytest.mark.parametrize("hundred", range(20))
def test_2000_random_texts_lie_inside_the_page_and_lose_nothing_but_what_the_page_says(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        excerpt = texts(seed)
        page = layout(title=PIECES[seed % len(PIECES)], excerpt=excerpt)
        assert len(page.script) <= ROWS
        assert_inside(page)
        assert_nothing_lost(page, excerpt)


@pytest.mark.parametrize("seed", range(0, 2000, 50))
def test_no_ink_touches_the_edge_of_the_drawn_page(seed: int) -> None:
    file = scriptpage.scriptpage(title=texts(seed + 1), excerpt=texts(seed))
    with Image.open(io.BytesIO(file)) as picture:
        inner = picture.convert("RGB").crop((4, 4, WIDTH - 4, HEIGHT - 4))  # within the thin frame
    box = ImageChops.difference(inner, Image.new("RGB", inner.size, scriptpage.PAPER)).getbbox()
    assert box is not None
    assert 40 < box[0] < box[2] < WIDTH - 60
    assert 20 < box[1] < box[3] < HEIGHT - 40


def test_the_page_is_set_as_screenplays_are() -> None:
    page = layout(title="Late Checkout", excerpt=EXCERPT)
    lines = {line.text: line for line in page.script}
    heading, cue, manner = lines["INT. HOTEL LOBBY - NIGHT"], lines["THEO"], lines["(not looking up)"]
    speech, action = lines["We don't have a room twelve."], lines["She holds up a coin."]
    assert heading.voice is Voice.TYPEWRITER_BOLD
    assert heading.x == action.x == LEFT < speech.x < manner.x < cue.x
    assert page.header[-1].text == "1."
    assert page.whole


def test_rows_stand_on_a_grid_with_a_blank_one_between_two_elements() -> None:
    page = layout(title="", excerpt=EXCERPT)
    steps = {(line.y - page.script[0].y) / LEADING for line in page.script}
    assert steps == {0, 2, 3, 5, 6, 8, 9, 10, 12, 14, 15}


def test_a_speaker_who_goes_on_after_a_direction_is_continued_and_after_a_heading_is_not() -> None:
    page = layout(title="", excerpt=f"{EXCERPT}\n[EXT. STREET - DAY]\nTHEO: Taxi!")
    cues = [text for text in wording(page) if text.startswith("THEO")]
    assert cues == ["THEO", "THEO (CONT'D)", "THEO"]


def test_a_speech_that_the_page_breaks_says_that_there_is_more() -> None:
    page = layout(title="", excerpt="MARGOT: " + "and so on " * 200)
    assert len(page.script) == ROWS
    assert page.script[-1].text == MORE
    assert page.script[-1].x == page.script[0].x
    assert not page.whole


def test_a_direction_that_the_page_breaks_ends_in_an_ellipsis() -> None:
    page = layout(title="", excerpt="(" + "and so on " * 200 + "forever.)")
    assert page.script[-1].text.endswith("…")
    assert len(page.script) == ROWS


def test_a_heading_is_never_the_last_thing_on_a_page() -> None:
    before = "\n".join(f"(Beat {number}.)" for number in range(13))
    page = layout(title="", excerpt=f"{before}\n[INT. CELLAR - NIGHT]\nMARGOT: " + "word " * 100)
    assert "INT. CELLAR - NIGHT" not in wording(page)
    assert wording(page)[-2:] == ["Beat 12.", "…"]


def test_an_excerpt_that_just_fills_the_page_is_whole() -> None:
    beats = "\n".join(f"(Beat {number}.)" for number in range(14))
    page = layout(title="", excerpt=beats + "\n(" + "word " * 15 + ")")
    assert page.whole
    assert len(page.script) == 16


def test_breaks_are_measured_and_no_column_is_wider_than_it_may_be() -> None:
    page = layout(title="", excerpt="THEO: " + "mmmm iiii " * 40)
    speech = [line for line in page.script if line.x == page.script[1].x]
    assert len({len(line.text) for line in speech[:5]}) == 1
    assert all(measured(line.text, size=line.size) <= 34 * 17 for line in speech)


def test_chinese_and_japanese_break_anywhere_but_before_a_full_stop(only_fonts_of: OnlyFonts) -> None:
    only_fonts_of(han="灯台守「」。、とは言った")
    page = layout(title="", excerpt="ANNA: " + "灯台守「と言った」、" * 12)
    speech = wording(page)[1:]
    assert len(speech) > 3
    assert not any(line.startswith(("。", "」", "、")) or line.endswith("「") for line in speech)


def test_the_alternative_text_is_the_page_itself_within_a_thousand_characters() -> None:
    alt = alt_text(title="Late Checkout", genre="comedy", excerpt=EXCERPT)
    assert "“Late Checkout”" in alt
    assert "comedy" in alt
    assert "MARGOT: Room twelve again. / THEO (not looking up): We don't have a room twelve." in alt
    long = alt_text(title="Late Checkout", genre="comedy", excerpt=EXCERPT * 20)
    assert len(long) <= 1000
    assert long.endswith("…")


def test_the_same_page_is_the_same_file() -> None:
    one, other = (scriptpage.scriptpage(title="Late Checkout", excerpt=EXCERPT) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u200bb\ufeff\u202ec\x00\x1bd\ud800", "abcd"),
        ("  one\t\n two\u3000three ", "one two three"),
        ("x\u0302\u0303\u0304\u0305", "x\u0302\u0303"),
        ("\u0301alone", "alone"),
        ("e\u0301", "é"),
        ("\u3164\u2800\u115f", ""),
    ],
)
def test_only_what_has_ink_is_kept(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize("one", ["👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "1\ufe0f\u20e3", "x\u0301", "\u1112\u1161\u11ab"])
def test_what_a_reader_counts_as_one_is_never_parted(one: str) -> None:
    assert clusters(f"a{one}{one}b") == ["a", one, one, "b"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("abc אבג", "abc גבא"),
        ("אבג abc דהו", "והד abc גבא"),
        ("אבג 12-34 דה", "הד 12-34 גבא"),
        ("say (אבג דה)!", "say (הד גבא)!"),
        ("אבג (ab)!", "!(ab) גבא"),
        ("plain", "plain"),
    ],
)
def test_lines_of_two_directions_stand_as_they_are_read_without_harfbuzz_too(
    text: str, seen: str, only_fonts_of: OnlyFonts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typefaces, "SHAPED", False)
    only_fonts_of(hebrew="אבגדהו")
    assert "".join(run.text for run in runs(text, Voice.TYPEWRITER)) == seen
    assert Line(text=text, x=0, y=0, size=20).box[2] == measured(text, size=20)
