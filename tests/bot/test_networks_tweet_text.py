import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.networks.tweet_text import BREAK, has_link, unlinked, weight
from bot.networks.wording import shortened


@pytest.mark.parametrize(
    ("text", "weighs"),
    [
        ("", 0),
        ("plain", 5),
        ("“Café” —", 8),
        ("Cafe\u0301", 4),
        ("…", 2),
        ("日本語", 6),
        ("👨‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
        ("🇩🇪🇫🇷", 4),
        ("1️⃣", 2),
        ("❤️", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("https://example.org/" + "a" * 90, 23),
        ("see greenlit.tv", 4 + 23),
        ("a.b", 3),
        ("3.14", 4),
        (BREAK, 1),
    ],
)
def test_text_weighs_what_x_counts(text: str, weighs: int) -> None:
    assert weight(text) == weighs


@pytest.mark.parametrize(
    "title", ["Catch.me if you can", "greenlit.tv", "Ask @anna", "$CASH and $TAG", "http://a.example"]
)
def test_a_title_is_no_link_mention_or_cashtag(title: str) -> None:
    safe = unlinked(title)
    assert safe.replace(BREAK, "") == title
    assert not re.search(r"\w\.[a-z]{2}|@\w|\$[a-z]", safe, re.IGNORECASE)


@pytest.mark.parametrize("title", ["Mr. Robot", "Wait... what", "...so it goes", "3.14", "$5", "a @ b", "U.S.A."])
def test_what_links_nowhere_stays_as_it_is(title: str) -> None:
    assert unlinked(title) == title


@given(st.text(max_size=400), st.integers(0, 280))
def test_a_shortened_text_weighs_at_most_the_limit(text: str, limit: int) -> None:
    assert weight(shortened(unlinked(text), limit, weight)) <= limit


@given(st.text(max_size=80))
def test_a_text_that_fits_is_not_touched(text: str) -> None:
    assert shortened(text, 500, weight) == text


def test_a_text_is_cut_between_words() -> None:
    assert shortened("one two, three four", 12, weight) == "one two…"
    assert shortened("abcdefghij", 6, weight) == "abcd…"
    assert shortened("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 3, weight) == ""
    assert shortened("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 5, weight) == "👨‍👩‍👧‍👦…"


@given(st.text(max_size=100))
def test_unlinking_twice_changes_nothing_more(text: str) -> None:
    once = unlinked(text)
    assert unlinked(once) == once
    assert unicodedata.is_normalized("NFC", once) or BREAK in once


@given(st.text(max_size=300))
def test_nothing_in_an_unlinked_text_costs_as_a_link_does(text: str) -> None:
    assert not has_link(unlinked(text))
    assert has_link("see greenlit.tv")
