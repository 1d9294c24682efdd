"""Between the errors of an engine and what the wire says about them, each way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from model import engine
from model.adapter_errors import AdapterRefusedError, NoStoreError, NothingBeforeError
from model.engine import EngineError
from model.engines import AdapterMissingError, NoRoomError, PromptTooLongError
from model.schema import Code, Problem


@dataclass(frozen=True, slots=True)
class _Kind:
    error: type[EngineError]
    code: Code
    detail: str
    made: Callable[[Problem], EngineError]
    facts: tuple[str, ...] = ()  # what error and problem call by the same name


_KINDS: Final = (
    _Kind(
        engine.LineFullError,
        "line_full",
        "the line is full",
        lambda problem: engine.LineFullError(problem.retry_after or 1),
        ("retry_after",),
    ),
    _Kind(
        engine.DeadlineError,
        "too_late",
        "it was wanted within {0.within:g} seconds",
        lambda problem: engine.DeadlineError(problem.within or 0.0),
        ("within",),
    ),
    _Kind(
        AdapterMissingError,
        "no_such_adapter",
        "no adapter of this name is stored",
        lambda problem: AdapterMissingError(problem.name or ""),
        ("name",),
    ),
    _Kind(
        AdapterRefusedError,
        "adapter_refused",
        "{0.reason}",
        lambda problem: AdapterRefusedError(problem.name or "", problem.detail),
        ("name",),
    ),
    _Kind(NothingBeforeError, "nothing_before", "nothing was active before", lambda _: NothingBeforeError()),
    _Kind(NoStoreError, "no_store", "the worker was started without a store of adapters", lambda _: NoStoreError()),
    _Kind(
        engine.NothingOriginalError,
        "nothing_original",
        "everything written was taken, repeated or unreadable",
        lambda _: engine.NothingOriginalError(),
    ),
    _Kind(
        engine.EngineFailedError,
        "failed",
        "the worker broke on this brief",
        lambda problem: engine.EngineFailedError(problem.reference or f"{problem.code}: {problem.detail}"),
        ("reference",),
    ),
    _Kind(
        PromptTooLongError,
        "prompt_too_long",
        "{0.length} tokens, {0.limit} are allowed",
        lambda problem: PromptTooLongError(problem.length or 0, problem.limit or 0),
        ("length", "limit"),
    ),
    _Kind(NoRoomError, "no_room", "the memory does not suffice", lambda _: NoRoomError()),
    _Kind(
        engine.EngineUnauthorizedError,
        "unauthorized",
        "the token is missing or wrong",
        lambda _: engine.EngineUnauthorizedError(),
    ),
)
_UNAVAILABLE: Final = _Kind(
    engine.EngineUnavailableError,
    "unavailable",
    "the worker is not ready",
    lambda problem: engine.EngineUnavailableError(problem.detail),
)


def error_to_problem(error: EngineError) -> Problem:
    """Return what the wire says about an error of an engine; :func:`problem_to_error` is the inverse."""
    kind = next((kind for kind in _KINDS if isinstance(error, kind.error)), _UNAVAILABLE)
    facts = {name: getattr(error, name) for name in kind.facts}
    return Problem(code=kind.code, detail=kind.detail.format(error), **facts)


def problem_to_error(problem: Problem) -> EngineError:
    """Return the error that a problem on the wire stands for; an unknown one is a failure."""
    for kind in (*_KINDS, _UNAVAILABLE):
        if kind.code == problem.code:
            return kind.made(problem)
    return engine.EngineFailedError(problem.reference or f"{problem.code}: {problem.detail}")
