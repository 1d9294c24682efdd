"""What members read, in their language: sentences are written in English where they are used, catalogs translate them.

``say("Place {place} in line.", place=3)`` returns the sentence in the language of whoever is answered, which
:func:`speaking` sets for everything that is awaited or begun inside it. A sentence without a translation stays English;
a test sees to it that there is none.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import c2py
from importlib.resources import files
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "zh_CN", "es", "de", "fr", "ja")
_LOCALES: Final = {"zh-CN": "zh_CN", "zh-TW": "zh_CN", "es-ES": "es", "es-419": "es"}  # of Discord, where not the same
LEFT_OUT: Final = frozenset({"zh-TW"})  # whose commands stay English: their readers write other characters
_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def language_of(locale: str) -> str:
    """Return our language for one of Discord's locales; English where we have none."""
    found = _LOCALES.get(locale, locale.split("-", maxsplit=1)[0])
    return found if found in LANGUAGES else ENGLISH


def speak(language: str) -> None:
    """Speak ``language`` from here on in this task, and in every task begun by it."""
    _spoken.set(language if language in LANGUAGES else ENGLISH)


@contextmanager
def speaking(language: str) -> Generator[None]:
    """Let everything inside, and every task begun inside, speak ``language`` (one of ``LANGUAGES``)."""
    token = _spoken.set(language if language in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """Return the language that is spoken here."""
    return _spoken.get()


def say(sentence: str, /, **facts: object) -> str:
    """Return ``sentence`` in the language that is spoken, with its ``{facts}``."""
    return translated(sentence, spoken()).format(**facts)


def say_count(one: str, many: str, count: int, /, **facts: object) -> str:
    """Return ``one`` or ``many`` (and whatever other forms a language has), with ``{count}`` and its facts."""
    forms = _catalog(spoken()).get((one, many), ())
    form = forms[_plural(spoken(), count)] if forms else (one if count == 1 else many)
    return form.format(count=count, **facts)


def translated(sentence: str, language: str) -> str:
    """Return ``sentence`` in ``language``, or as it is where nobody has translated it."""
    found = _catalog(language).get(sentence)
    return found if isinstance(found, str) and found else sentence


@cache
def catalog(language: str) -> Catalog:
    """Return what is translated into ``language``, as Babel reads it."""
    source = files("bot").joinpath("locales", f"{language}.po")
    with source.open("rb") as lines:
        return read_po(lines, locale=language)


@cache
def _catalog(language: str) -> Mapping[str | tuple[str, ...], str | tuple[str, ...]]:
    if language == ENGLISH:
        return {}
    return {
        message.id if isinstance(message.id, str) else tuple(message.id): message.string
        if isinstance(message.string, str)
        else tuple(message.string)
        for message in catalog(language)
        if message.id and message.string
    }


def _plural(language: str, count: int) -> int:
    form: int = c2py(catalog(language).plural_expr)(count)
    return form
