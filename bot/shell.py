"""What the shell commands ask of the writer directly, without worker or bot."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from bot.__main__ import listen
from bot.app import random_seed
from bot.export import fountain
from bot.settings import BotSettings
from db import pitches
from db.database import Database
from db.ids import PitchId
from model.briefs import Brief, DialogBrief, ScriptBrief, StagingBrief, summary, title
from model.drafts import DialogDraft, ScriptDraft
from model.engine import Engine, NothingOriginalError, generate
from model.screenplay import lines, read_turns

Facts = dict[str, Any]
Likely = Callable[[str], Sequence[tuple[str, float]]]
_SHOWN: Final = 400  # characters of the end of a text that is being picked


class _PageServer(uvicorn.Server):
    """Leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def script_brief(
    *,
    number: int | None,
    title: str | None,
    summary: str | None,
    dialog: str | None,
    only_dialog: bool,
    seed: int | None,
) -> Brief:
    """Return the brief that the options describe.

    Raises:
        BadBriefError, NotAScriptError: the text can't be used.
        StorageError: the pitch is not to be found.
    """
    seed = random_seed() if seed is None else seed
    if dialog is not None:
        return StagingBrief(dialog=read_turns(dialog), seed=seed)
    if number is not None:
        return await _remembered(number, seed, only_dialog=only_dialog)
    return _asked(title or "", summary or "", seed, only_dialog=only_dialog)


def _asked(name: str, about: str, seed: int, *, only_dialog: bool) -> Brief:
    kind = DialogBrief if only_dialog else ScriptBrief
    return kind(title=title(name), summary=summary(about), seed=seed)


async def _remembered(number: int, seed: int, *, only_dialog: bool) -> Brief:
    database = Database.connect(BotSettings().database())
    try:
        await database.check()
        async with database.reading() as session:
            pitch = await pitches.get(session, PitchId(number))
    finally:
        await database.close()
    return _asked(pitch.title, pitch.summary, seed, only_dialog=only_dialog)


async def write_script(engine: Engine, brief: Brief) -> Facts:
    """Return what the writer makes of the brief: ``text`` (Fountain, or a dialog's lines), ``cast`` and ``seed``.

    Raises:
        EngineError: nothing came of it.
    """
    drafts = await generate(engine, brief)
    match drafts:
        case (ScriptDraft(script), *_):
            return {"text": fountain.body(script), "cast": script.cast, "seed": brief.seed}
        case (DialogDraft(turns), *_):
            return {"text": lines(turns), "cast": sorted({turn.cue for turn in turns}), "seed": brief.seed}
        case _:
            raise NothingOriginalError


def pick(likely: Likely, beginning: str, *, ask: Callable[[str], str | None]) -> str:
    """Return the text that somebody makes, picking what comes next; ``ask`` shows and brings a line, None at the end.

    ``likely`` gives the likeliest pieces after a text with their probabilities, best first; an empty one is its end.
    A number picks a piece, an empty line the best one, ``x`` takes the last back, ``q`` ends; any other line goes on
    in its own words.
    """
    so_far = [beginning]
    while True:
        choices = likely(so_far[-1])
        line = ask(_menu(so_far[-1], choices))
        if line is None or line == "q":
            return so_far[-1]
        if line == "x":
            so_far = so_far[:-1] or [beginning]
        elif picked := _picked(line, choices):
            so_far.append(so_far[-1] + picked)
        else:
            return so_far[-1]


def _picked(line: str, choices: Sequence[tuple[str, float]]) -> str:
    number = int(line) if line.isascii() and line.isdecimal() and len(line) < 4 else 0 if line else 1
    return choices[number - 1][0] if 1 <= number <= len(choices) else line


def _menu(text: str, choices: Sequence[tuple[str, float]]) -> str:
    rows = (f"{number:3} {chance:6.1%}  {_quoted(piece)}" for number, (piece, chance) in enumerate(choices, 1))
    return "\n".join([f"…{text[-_SHOWN:]}" if len(text) > _SHOWN else text, *rows])


def _quoted(piece: str) -> str:
    return json.dumps(piece, ensure_ascii=False) if piece else "(the end)"


async def serve_page(site: Starlette, port: int, *, opened: Callable[[str], None]) -> None:
    """Serve ``site`` on 127.0.0.1 until SIGTERM or Ctrl-C; ``opened`` is told its address.

    Raises:
        PortInUseError: somebody else listens there.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with listen("127.0.0.1", port) as door:
        server = _PageServer(uvicorn.Config(site, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        opened("http://{}:{}".format(*door.getsockname()))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        waiting.cancel()
        await serving
