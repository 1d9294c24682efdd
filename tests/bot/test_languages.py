"""Sentences in the language of whoever is answered."""

import asyncio

import pytest

from bot import languages
from bot.languages import LANGUAGES, language_of, say, say_count, speaking, spoken


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en-US", "en"), ("en-GB", "en"), ("zh-CN", "zh_CN"), ("es-419", "es"), ("de", "de"), ("ja", "ja"), ("pl", "en")],
)
def test_a_locale_of_discord_is_one_of_our_languages_or_english(locale: str, language: str) -> None:
    assert language_of(locale) == language


def test_facts_come_into_the_sentence() -> None:
    assert say("Place {place} in line.", place=3) == "Place 3 in line."
    assert say_count("{count} vote", "{count} votes", 1) == "1 vote"
    assert say_count("{count} vote", "{count} votes", 0) == "0 votes"


async def test_tasks_begun_inside_speak_the_same_language_and_nothing_else_does() -> None:
    async def heard() -> str:
        await asyncio.sleep(0)
        return spoken()

    with speaking("de"):
        task = asyncio.create_task(heard())
    assert spoken() == "en"
    assert await task == "de"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_there_is_a_catalog_for_every_language(language: str) -> None:
    found = languages.catalog(language)
    assert found.mime_headers
    assert str(found.locale).startswith(language[:2])
