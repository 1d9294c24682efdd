"""Our count of a post's length against `twitter-text-parser`, which has X's own rules, on thousands of random texts."""

import random
from typing import Any

import pytest

from bot.networks.tweet_text import has_link, unlinked, weight

WORDS = (
    "show", "Café", "naïve", "日本語", "テレビ", "한국어", "Привет", "العربية", "हिन्दी", "…", "—", "“quoted”", "½",
    "№5", "👍", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "❤️", "🏴‍☠️", "#comedy", "3.14", "e.g.", "U.S.A.", "x" * 40,
    "\u200b", "\t", "€9", "e\u0301", "™",
)  # fmt: skip
LINKED = (
    "greenlit.tv",
    "Catch.me",
    "https://example.org/a?b=c",
    "a.co/x",
    "Mr.Robot",
    "Dr.Who",
    "@anna",
    "$TAG",
    "www.a.com.zz",
    "x_y.com",
)
TEXTS = 6000


@pytest.fixture(scope="module")
def parse() -> Any:  # noqa: ANN401 - it has no types
    reason = "needs twitter-text-parser 3.0.0, which needs setuptools older than 81: not with the pinned one"
    return pytest.importorskip("twitter_text", reason=reason, exc_type=ImportError).parse_tweet


def texts(words: tuple[str, ...], seed: int) -> list[str]:
    dice = random.Random(seed)  # noqa: S311 - the same texts every time
    return [
        "".join(dice.choice(words) + dice.choice(("", " ", "\n", ", ")) for _ in range(dice.randint(0, 30)))
        for _ in range(TEXTS)
    ]


def test_texts_without_links_weigh_exactly_what_x_says(parse: Any) -> None:  # noqa: ANN401
    wrong = [
        (text, weight(text), parse(text).weightedLength)
        for text in map(unlinked, texts(WORDS, 7))
        if weight(text) != parse(text).weightedLength
    ]
    assert wrong[:3] == []


def test_texts_with_links_never_weigh_less_than_x_says(parse: Any) -> None:  # noqa: ANN401
    wrong = [text for text in texts(WORDS + LINKED, 8) if weight(text) < parse(text).weightedLength]
    assert wrong[:3] == []


def test_what_is_unlinked_holds_no_link_for_x(parse: Any) -> None:  # noqa: ANN401
    for text in map(unlinked, texts(WORDS + LINKED, 9)):
        assert parse(text).weightedLength == weight(text)
        assert not has_link(text)
