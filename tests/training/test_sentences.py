import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import training
from training import sentences
from training.recipe import BadRecipeError, Recipe
from training.rows import TooLittleTextError
from training.sentences import sentence
from training.sources.base import MissingColumnsError
from training.space import OutOfMemoryError

_CAUGHT = {"CalledOffError"}  # where it is raised
_PARENTS = {"RunError", "HubError", "CrawlError", "FetchError", "SourceError", "FileError"}  # never raised themselves


def errors() -> list[type[Exception]]:
    names = [module.name for module in pkgutil.walk_packages(training.__path__, "training.")]
    found = [kind for name in names for kind in vars(importlib.import_module(name)).values()]
    ours = {kind for kind in found if inspect.isclass(kind) and issubclass(kind, Exception)}
    return sorted(
        (kind for kind in ours if kind.__module__.startswith("training.") and kind.__name__ not in _PARENTS | _CAUGHT),
        key=lambda kind: f"{kind.__module__}.{kind.__name__}",
    )


@pytest.mark.parametrize("kind", errors(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_of_training_has_a_sentence_whose_blanks_it_can_fill(kind: type[Exception]) -> None:
    key = f"{kind.__module__}.{kind.__qualname__}".removeprefix("training.")
    assert key in sentences._SENTENCES
    blanks = re.findall(r"\{e\.(\w+)", sentences._SENTENCES[key])
    stored = "".join(inspect.getsource(base) for base in kind.__mro__ if base.__module__.startswith("training."))
    assert [blank for blank in blanks if f"self.{blank}" not in stored.replace(", self.", " = self.")] == []


def test_no_sentence_is_for_an_error_that_is_gone() -> None:
    there = {f"{kind.__module__}.{kind.__qualname__}".removeprefix("training.") for kind in errors()}
    assert set(sentences._SENTENCES) <= there


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MissingColumnsError(Path("a.csv"), ("title", "cast")), "a.csv lacks title, cast"),
        (BadRecipeError("rank", 0, "1 or more"), "rank cannot be 0; it must be 1 or more"),
        (TooLittleTextError(2, 8), "fills 2 rows and one step needs 8"),
        (OutOfMemoryError(Recipe(base="b", batch=64)), "--batch 64"),
    ],
)
def test_a_sentence_says_what_is_the_matter_and_what_to_do(error: Exception, words: str) -> None:
    assert words in str(sentence(error))


def test_an_error_of_somebody_else_has_none() -> None:
    assert sentence(ZeroDivisionError()) is None
