import re

from hypothesis import given
from hypothesis import strategies as st

from bot.ui.plain import label, plain, shorten, typewritten, width

NASTY = st.text(
    alphabet=st.sampled_from("ab *_~|`#>-+.[]()<>@&:/\\1\n\t\u200b\u202e\x00e\u0301漢😀👩\u200d🚀"), max_size=300
)
ANY = st.one_of(NASTY, st.text(max_size=300))


def as_discord_shows(text: str) -> str:
    """What a reader sees: a backslash makes the next sign literal, zero-width signs are not there."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


@given(text=ANY, limit=st.integers(2, 200))
def test_every_kind_of_text_keeps_its_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
    assert width(plain(text, limit)) <= limit
    assert width(label(text, limit)) <= limit
    assert width(typewritten(text, limit)) <= limit + 10


@given(text=st.text(alphabet=st.sampled_from("ab *_~|`#>-+.[]()<>@&:/\\1漢😀"), max_size=80))
def test_mark_up_is_shown_letter_by_letter(text: str) -> None:
    assert as_discord_shows(plain(text, 1000)) == " ".join(text.split())


@given(text=ANY)
def test_no_mark_up_of_theirs_is_left(text: str) -> None:
    bare = re.sub(r"\\[^0-9A-Za-z\s]", "x", plain(text, 1000))
    assert not re.search(r"[*_~|`\[\]<>]", bare)
    assert not re.match(r"(-#|#{1,3}|[-+]|\d{1,2}\.)\s", bare)


@given(text=ANY)
def test_nothing_mentions_anybody_or_leads_anywhere(text: str) -> None:
    for said in ("@everyone", "@here", "<@123>", "<@&123456789012345678>", "<#123>", "https://x.y", "discord.gg/abc"):
        shown = plain(f"{text} {said} {text}", 1000)
        assert not re.search(r"@(?!\u200b)|(?<!\\)<|://|discord\.(?!\u200b)", shown)


def test_marks_that_open_a_line_are_escaped_only_there() -> None:
    assert plain("# big") == "\\# big"
    assert plain("-# small") == "\\-# small"
    assert plain("- item") == "\\- item"
    assert plain("12. item") == "12\\. item"
    assert plain("C# in 12. place - and #1") == "C# in 12. place - and #1"


def test_what_cannot_be_seen_is_left_out() -> None:
    assert plain("a\u200bb\u202ec\u2066d\ufeffe\x00f\U000e0041g") == "abcde fg"
    assert label("two\nlines\u200b", 80) == "two lines"


def test_a_cut_is_made_at_a_word_and_marked() -> None:
    assert shorten("one two three", 9) == "one two…"
    assert shorten("incomprehensible", 5) == "inco…"
    assert shorten("fits", 4) == "fits"


@given(text=ANY)
def test_nothing_in_a_script_ends_its_block_early(text: str) -> None:
    block = typewritten(f"{text}```{text}")
    assert block.startswith("```\n")
    assert block.endswith("\n```")
    assert "```" not in block[3:-3]


def test_a_long_script_is_cut_at_a_line() -> None:
    block = typewritten("\n".join(["a line of forty characters, more or less"] * 200))
    assert block.endswith("more or less\n…\n```")
