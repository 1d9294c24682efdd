"""Before a completions server is written with: is it there, does it have the model, and what can it do?"""

import json
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import SecretStr
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from model.checkpoint import BrokenCheckpointError
from model.decoder import Sampling
from model.engine import EngineError, EngineUnauthorizedError
from model.engines import ServerUnusableError
from model.engines.openai_row import Abilities, Manners
from model.engines.openai_server import Model, Piece, RefusedError, Server
from model.engines.spelling import control_ids, encode
from model.tasks import Span

_UNREADABLE: Final = (OSError, ValueError, TypeError, LookupError, RuntimeError, AttributeError)
_MOST_BANNED: Final = 300  # tokens with a bias that OpenAI's own interface allows
_UNKNOWN_CONTEXT: Final = 1024
_SILENCE: Final = 60.0  # seconds for a token
_GRAMMAR: Final = 'start: LETTER "\\n"\nLETTER: /[a-c]/ & ~/[ab]/\n'  # what ours are made of
_HELD: Final = "c"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A tokenizer and what its folder says besides: what ends a text, what is never drawn, how much is seen at once."""

    tokenizer: PreTrainedTokenizerBase
    ends: frozenset[int]
    banned: tuple[int, ...]
    context: int


def words(folder: str | Path) -> Words:
    """Return what the folder (or the name on the Hub) of a tokenizer tells; blocks.

    Raises:
        BrokenCheckpointError: no tokenizer is there.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except _UNREADABLE as error:
        raise BrokenCheckpointError(Path(folder), f"no tokenizer: {str(error).partition(chr(10))[0][:200]}") from error
    config = _read(Path(folder) / "config.json")
    told = (_read(Path(folder) / "generation_config.json").get("eos_token_id"), config.get("eos_token_id"))
    ends = next((_ids(end) for end in (*told, tokenizer.eos_token_id) if end is not None), frozenset())
    size = config.get("vocab_size", len(tokenizer))
    never = [*sorted(control_ids(tokenizer) - ends), *range(len(tokenizer), size)]  # the last only fill the matrix up
    seen = config.get("max_position_embeddings") or config.get("n_positions") or _UNKNOWN_CONTEXT
    return Words(
        tokenizer=tokenizer,
        ends=ends,
        banned=tuple(number for number in never if number < size)[:_MOST_BANNED],
        context=int(seen),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except _UNREADABLE as error:
        raise BrokenCheckpointError(path, "unreadable") from error
    return content if isinstance(content, dict) else {}


def _ids(end: object) -> frozenset[int]:
    return frozenset(end if isinstance(end, list) else [end])


async def examine(url: str, token: SecretStr | None, name: str | None, known: Words) -> Manners:
    """Return how rows are asked for at ``url``, after a few were.

    Raises:
        ServerUnusableError: it is not there, refuses the token, lacks the model, or gives no probabilities.
    """
    server = Server(url, token, silence=_SILENCE)
    try:
        model = _chosen(await server.models(), name, url)
        return await _tried(server, model, known)
    except EngineUnauthorizedError as error:
        raise ServerUnusableError(url, "it refuses the token") from error
    except EngineError as error:
        raise ServerUnusableError(url, f"it does not answer ({error or type(error).__name__})") from error
    except RefusedError as error:
        raise ServerUnusableError(url, error.said.partition("\n")[0].rstrip(".")) from error
    finally:
        await server.aclose()


def _chosen(models: list[Model], name: str | None, url: str) -> Model:
    bases = [model for model in models if model.parent is None]
    found = [model for model in bases if name in {None, model.id}]
    if not found:
        raise ServerUnusableError(url, f"it has no model {name}, but {', '.join(one.id for one in bases) or 'none'}")
    return found[0]


async def _tried(server: Server, model: Model, known: Words) -> Manners:
    full = Manners(
        model=model.id,
        context=model.max_model_len or known.context,
        ends=known.ends,
        banned=known.banned,
        beginning=tuple(encode(known.tokenizer, ())),
        can=Abilities(ids=True, extras=True, grammar=True),
    )
    ids = encode(known.tokenizer, (Span("a"),))
    refused: str | None = None
    try:
        piece = await _first(server, full, ids, None)
    except RefusedError as error:
        refused = error.said.partition("\n")[0]
        full = full.able(Abilities(ids=False, extras=False, grammar=False))
        piece = await _first(server, full, ids, None)
    if not piece.likely:
        raise ServerUnusableError(server.url, "it gives no log-probabilities")
    if not piece.ids:
        lost = "grammars and sliding" if refused is None else "top-k, min-p, grammars and sliding"
        log.warning("server_without_extras", server=server.url, refused=refused, lost=lost)
        return full.able(Abilities(ids=False, extras=refused is None, grammar=False))
    held = await _holds(server, full, ids)
    if not held:
        log.warning("server_without_grammar", server=server.url, lost="rows are left free")
    return full.able(Abilities(ids=True, extras=True, grammar=held))


async def _first(server: Server, manners: Manners, ids: list[int], rules: str | None) -> Piece:
    """Return the first piece of a completion."""
    body = manners.body(ids, 1, Sampling(temperature=1.0, top_k=5, min_p=0.01), rules, 2)
    async with aclosing(server.complete(body)) as pieces:
        return await anext(pieces)


async def _holds(server: Server, manners: Manners, ids: list[int]) -> bool:
    """Say whether the server holds a text to a grammar."""
    try:
        return (await _first(server, manners, ids, _GRAMMAR)).text.startswith(_HELD)
    except RefusedError:
        return False
