"""Any server that speaks OpenAI's completions (vLLM above all) as a decoder: one request a row, side by side."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Sequence, Set
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Self

import structlog
from pydantic import SecretStr
from transformers import PreTrainedTokenizerBase

from model import checkpoint
from model.decoder import Chunk, Halt, Sampling
from model.engine import EngineError, EngineFailedError, EngineLostError, EngineUnavailableError, LineFullError
from model.engines import PromptTooLongError
from model.engines.openai_probe import examine, words
from model.engines.openai_row import Abilities, Manners, Row
from model.engines.openai_server import Piece, RefusedError, Server
from model.engines.spelling import Spelling, encode
from model.tasks import Prompt

_REST: Final = 30.0  # seconds that a server which did not answer is asked last
_NO_ROUTE: Final = "Not Found"  # what vLLM says where adapters are fixed
log = structlog.get_logger()


class OpenAIDecoder:
    """A decoder over one or several servers that have the same model; make it with :meth:`connect`.

    All rows of a call are written by the same server, the one that has least to do. Rows are drawn by the server's
    rules, from the row's own seed: top-k, min-p and grammars where it knows them, ``no_repeat`` never. A row held to a
    grammar is told how likely a token was among those that could follow.
    """

    def __init__(
        self, servers: Sequence[Server], tokenizer: PreTrainedTokenizerBase, manners: Manners, *, folder: Path
    ) -> None:
        self._servers = tuple(servers)
        self._tokenizer = tokenizer
        self._manners = manners
        self._base = manners.model
        self._folder = folder
        self._resting: dict[Server, float] = {}
        self._unheard: dict[object, int] = {}  # call → rows for which nothing came yet; the views share it

    @classmethod
    async def connect(
        cls, *urls: str, model: str | None = None, tokenizer: str | Path, token: SecretStr | None = None
    ) -> Self:
        """Return a decoder over the servers at ``urls``, once each was found to have ``model`` and to be of use.

        Without a ``model`` it is the first that they have. ``tokenizer`` is a folder (the checkpoint's own, if there is
        one: what ends a text stands in it) or a name on the Hub.

        Raises:
            ServerUnusableError: a server is not there, refuses the token, lacks the model, or gives no probabilities.
            BrokenCheckpointError: there is no tokenizer.
        """
        known = await asyncio.to_thread(words, tokenizer)
        manners = [await examine(url, token, model, known) for url in urls]
        everywhere = manners[0].able(
            Abilities(
                ids=all(one.can.ids for one in manners),
                extras=all(one.can.extras for one in manners),
                grammar=all(one.can.grammar for one in manners),
            )
        )
        everywhere = replace(everywhere, context=min(one.context for one in manners))
        return cls([Server(url, token) for url in urls], known.tokenizer, everywhere, folder=Path(tokenizer))

    @property
    def name(self) -> str:
        """The server's name of the model, and the adapter after a ``+``."""
        return self._base if self._manners.model == self._base else f"{self._base}+{self._manners.model}"

    @property
    def context(self) -> int:
        """How many tokens the model sees at once."""
        return self._manners.context

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed; see :class:`model.decoder.Decoder`. Every row is told once before any is told again.

        Raises:
            PromptTooLongError: the prompt leaves no room to write, and the window does not slide.
            EngineError: the server is away, full, or broke; see :mod:`model.engine`.
        """
        ids = self._read(prompt, whole=not sampling.slide)
        ask, call = partial(_ask, self._order(), self._resting), object()
        rows = {
            number: _Reading(
                Row(number, ask, self._manners, sampling, Spelling(self._tokenizer, ids), ids, seed).write()
            )
            for number, seed in enumerate(seeds)
        }
        self._unheard[call] = len(rows)
        try:
            while rows:
                for number, row in list(rows.items()):
                    await _leave(rows, halt.rows)
                    if number not in rows:
                        continue
                    chunk = await row.next()
                    self._unheard[call] = max(0, self._unheard[call] - 1)
                    yield chunk
                    if chunk.end is not None:
                        await _leave(rows, {number})
        except RefusedError as error:
            raise _failed(error) from error
        finally:
            del self._unheard[call]
            await _leave(rows, set(rows))

    def _read(self, prompt: Prompt, *, whole: bool) -> list[int]:
        """Return the ids of ``prompt`` or, if that need not be ``whole``, of so much of its end that there is room."""
        ids = encode(self._tokenizer, prompt) or [min(self._manners.ends, default=0)]
        if whole and len(ids) >= self.context:
            raise PromptTooLongError(len(ids), self.context - 1)
        return ids if len(ids) < self.context else self._manners.recent(ids)

    def _order(self) -> list[Server]:
        """Return the servers, the one to ask first before the others."""
        now = time.monotonic()
        return sorted(self._servers, key=lambda server: (self._resting.get(server, now) > now, server.busy))

    def wearing(self, adapter: str | None) -> "OpenAIDecoder":
        """Return this decoder as it writes with ``adapter``, which the servers have, or with none."""
        view = copy(self)
        view._manners = replace(self._manners, model=adapter or self._base)  # noqa: SLF001 -- its own kind
        return view

    async def load_adapter(self, folder: Path) -> str:
        """Have every server load the adapter in ``folder``, which they see under the same path; return its name.

        Raises:
            BrokenCheckpointError: it is not whole, another model's, or a server refuses it: then none keeps it.
            FormatMismatchError: it was trained on another prompt format.
            EngineError: a server does not answer.
        """
        manifest, path = await asyncio.to_thread(self._verified, folder)
        loaded: list[Server] = []
        try:
            for server in self._servers:
                await server.load(manifest.name, path)
                loaded.append(server)
        except RefusedError as error:
            await _unload(loaded, manifest.name)
            raise checkpoint.BrokenCheckpointError(folder, _why(error)) from error
        except EngineError:
            await _unload(loaded, manifest.name)
            raise
        return manifest.name

    async def drop_adapter(self, name: str) -> None:
        """Have every server forget the adapter called ``name``; one that does not know it is content.

        Raises:
            EngineError: a server does not answer.
        """
        await _unload(self._servers, name)

    def _verified(self, folder: Path) -> tuple[checkpoint.Manifest, str]:
        manifest = checkpoint.verify(folder)
        if any(self._folder.glob("*.safetensors")):
            checkpoint.require_base(manifest, self._folder)
        return manifest, str(folder.resolve())

    async def waiting(self) -> int | None:
        """Return the place in the servers' own lines of what was asked last: 0 if nothing waits, None if not known.

        It counts what this process has asked for by calls, and what others have by requests.
        """
        told = [count for server in self._servers if (count := await server.waiting()) is not None]
        if not told or not sum(told):
            return 0 if told else None
        ours = [rows for rows in self._unheard.values() if rows]
        return max(1, len(ours) + max(0, sum(told) - sum(ours)))

    async def aclose(self) -> None:
        """Close every connection, those of the views too; the next call opens new ones."""
        await asyncio.gather(*(server.aclose() for server in self._servers))


class _Reading:
    """A row that is read as fast as it comes, for whoever asks for its chunks one by one."""

    def __init__(self, chunks: AsyncGenerator[Chunk]) -> None:
        self._come: asyncio.Queue[Chunk | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(chunks))

    async def _run(self, chunks: AsyncGenerator[Chunk]) -> None:
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._come.put_nowait(chunk)
        finally:
            self._come.put_nowait(None)

    async def next(self) -> Chunk:
        chunk = await self._come.get()
        if chunk is None:
            await self._task  # raises what ended it
            raise EngineLostError("the row has no end")
        return chunk

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def _leave(rows: dict[int, _Reading], gone: Set[int]) -> None:
    """Close the connections of those ``rows`` that are ``gone``."""
    await asyncio.gather(*(rows.pop(number).stop() for number in list(rows) if number in gone))


async def _ask(
    servers: Sequence[Server], resting: dict[Server, float], body: dict[str, object]
) -> AsyncGenerator[Piece]:
    """Yield what the first of ``servers`` that can be had answers."""
    for server in servers:
        try:
            async with aclosing(server.complete(body)) as pieces:
                async for piece in pieces:
                    yield piece
        except (EngineUnavailableError, LineFullError) as error:  # nothing was heard yet
            if isinstance(error, EngineUnavailableError):
                resting[server] = time.monotonic() + _REST
            if server is servers[-1]:
                raise
        else:
            return


async def _unload(servers: Sequence[Server], name: str) -> None:
    for server in servers:
        try:
            await server.unload(name)
        except RefusedError as error:
            log.info("adapter_not_dropped", adapter=name, server=server.url, reason=error.said)


def _why(error: RefusedError) -> str:
    if error.said == _NO_ROUTE:
        return "the server loads no adapters while it runs; see docs/running.md"
    return error.said.partition("\n")[0].rstrip(".")


def _failed(error: RefusedError) -> EngineFailedError:
    reference = secrets.token_hex(4)
    log.error("completion_refused", reference=reference, status=error.status, said=error.said)
    return EngineFailedError(reference)
