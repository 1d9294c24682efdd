"""Sentences in the language of whoever is answered."""

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

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


BOT = Path(languages.__file__).parent
OPERATORS = ("GREENLIT_", "greenlit db", "adapter", "database", "model", "worker", "tables")
"""In the sentences that only operators read: they are in English, as the settings are that they name."""


def literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def said() -> Iterator[str | tuple[str, str]]:
    """Yield every sentence that the bot says, and every description of a command or option."""
    for file in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield from called(node)
            elif isinstance(node, ast.AsyncFunctionDef) and is_command(node):
                yield (ast.get_docstring(node) or "").split("\n", maxsplit=1)[0]


def is_command(node: ast.AsyncFunctionDef) -> bool:
    return any(".command(" in ast.unparse(decorator) for decorator in node.decorator_list)


def called(node: ast.Call) -> Iterator[str | tuple[str, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = literal(node.args[0]) if node.args else None
    if (name == "say" and first) or (name == "_sentence" and first and not any(word in first for word in OPERATORS)):
        yield first
    elif name == "say_count" and first:
        yield first, literal(node.args[1]) or ""
    elif name in {"describe", "Group"}:
        yield from (text for keyword in node.keywords if keyword.arg != "name" and (text := literal(keyword.value)))


def holes(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", text))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_sentence_is_missing_and_each_has_its_facts(language: str) -> None:
    found = {
        message.id if isinstance(message.id, str) else tuple(message.id): message.string
        for message in languages.catalog(language)
        if message.id
    }
    sentences = set(said())
    assert len(sentences) > 150
    assert {sentence for sentence in sentences if not found.get(sentence)} == set()
    for sentence in sentences:
        forms = found[sentence] or ()
        for form in (forms,) if isinstance(forms, str) else forms:
            whole = sentence if isinstance(sentence, str) else sentence[1]
            assert holes(form) == holes(whole), form


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    sentences = set(said())
    for message in languages.catalog(language):
        key = message.id if isinstance(message.id, str) else tuple(message.id)
        assert not key or str(key).startswith("/") or key in sentences, key


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_counts_have_the_forms_of_the_language(language: str) -> None:
    with speaking(language):
        one, many = (say_count("{count} vote", "{count} votes", count) for count in (1, 5))
    assert "1" in one
    assert "5" in many
    assert "vote" not in one


def test_a_sentence_is_said_in_the_language_that_is_spoken() -> None:
    with speaking("de"):
        assert say("Place {place} in line.", place=3) == "Platz 3 in der Schlange."
    assert say("Place {place} in line.", place=3) == "Place 3 in line."


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_descriptions_keep_discords_limit(language: str) -> None:
    for file in (BOT / "cogs").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef) and is_command(node):
                described = (ast.get_docstring(node) or "").split("\n", maxsplit=1)[0]
                assert 1 <= len(languages.translated(described, language)) <= 100, described
