"""The fields of a frozen dataclass as options of a shell command, each with the line under it as its help."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Collection, Iterator
from dataclasses import MISSING, fields
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer


def options_of(
    made: type[Any],
    name: str,
    *,
    leave: Collection[str] = (),
    **changed: Any,  # noqa: ANN401 -- any default
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator for a Typer command whose parameter ``name`` is a value of the dataclass ``made``.

    The command gets an option for each field but those in ``leave``; ``changed`` gives some another default. A tuple
    of strings is given by repeating the option.
    """
    every = _parameters(made, changed)
    given = {parameter.name: parameter for parameter in every if parameter.name not in leave}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def called(**arguments: Any) -> None:  # noqa: ANN401 -- whatever Typer parsed
            told = {key: arguments.pop(key) for key in given}
            told = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
            command(**arguments, **{name: made(**told)})

        own = [parameter for parameter in inspect.signature(command).parameters.values() if parameter.name != name]
        all_of_them = [*own, *given.values()]
        called.__signature__ = inspect.Signature(all_of_them)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in all_of_them}
        return called

    return decorate


def said(context: typer.Context, made: type[Any]) -> frozenset[str]:
    """Return the fields of the dataclass ``made`` whose options were given on the command line."""
    sources = ((field.name, context.get_parameter_source(field.name)) for field in fields(made))
    return frozenset(name for name, source in sources if source is not None and source.name == "COMMANDLINE")


def _parameters(made: type[Any], changed: dict[str, Any]) -> Iterator[inspect.Parameter]:
    hints, helps = get_type_hints(made), field_docs(made)
    for field in fields(made):
        default = changed.get(field.name, field.default)
        kind: Any = list[str] if hints[field.name] == tuple[str, ...] else hints[field.name]
        default = list(default) if isinstance(default, tuple) else default
        required = default is MISSING
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if required else default,
            annotation=Annotated[kind, typer.Option(help=helps.get(field.name))],
        )


def field_docs(made: type[Any]) -> dict[str, str]:
    """Return the string that stands under each field of the class, in one line."""
    (defined,) = ast.parse(textwrap.dedent(inspect.getsource(made))).body
    assert isinstance(defined, ast.ClassDef)  # noqa: S101 -- the source of a class
    docs = {}
    for field, below in zip(defined.body, defined.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            assert isinstance(field.target, ast.Name)  # noqa: S101 -- a field has a name
            docs[field.target.id] = " ".join(str(below.value.value).split())
    return docs
