"""A worker that writes slates at a pace that is asked for, or refuses all of them: the real door, no model behind it.

python -m benchmarks.discord.paced PORT [--words 40] [--pace 0.25] [--full]
"""

import argparse
import asyncio
import itertools
import os
from collections.abc import AsyncGenerator
from typing import Final

import uvicorn

from model.briefs import Brief, PitchBrief
from model.drafts import PitchDraft
from model.dresser import Dresser
from model.engine import (
    ANYHOW,
    Drafted,
    EngineUnavailableError,
    Event,
    Finished,
    LineFullError,
    NothingOriginalError,
    Terms,
    Text,
)
from model.schema import Status
from model.server import create_app
from model.tasks import completion

SUMMARY: Final = "Two sisters keep a lighthouse that nobody has lit for a year, until a ship answers. "
_STATUS: Final = Status(model="paced", ready=True, waiting=0, working=0, capacity=1000, uptime=1.0)


class Paced:
    """An engine whose slates grow by a word a slot every ``pace`` seconds; ``full``, it refuses."""

    def __init__(self, *, words: int, pace: float, full: bool) -> None:
        self._words, self._pace, self._full = words, pace, full
        self._titles = itertools.count()

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield a slate of new titles, word by word.

        Raises:
            LineFullError: it is full.
            NothingOriginalError: it is asked for anything but a slate.
        """
        del terms
        if self._full:
            raise LineFullError(1)
        if not isinstance(brief, PitchBrief):
            raise NothingOriginalError
        drafts = [self._pitch() for _ in range(brief.count)]
        for word in range(self._words):
            for slot, draft in enumerate(drafts):
                yield Text(slot, _word(completion(draft), word, self._words))
            await asyncio.sleep(self._pace)
        for slot, draft in enumerate(drafts):
            yield Drafted(slot, draft)
        yield Finished(model="paced", computed=100, kept=100)

    def _pitch(self) -> PitchDraft:
        number = f"{os.getpid():x} {next(self._titles)}"
        return PitchDraft(title=f"Lamp {number}", summary=SUMMARY.strip())


def _word(text: str, number: int, of: int) -> str:
    """Return part ``number`` of a text in so many parts."""
    return text[len(text) * number // of : len(text) * (number + 1) // of]


def _no_dresser() -> Dresser:
    raise EngineUnavailableError("it wears nothing")


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--pace", type=float, default=0.25)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    writer = Paced(words=options.words, pace=options.pace, full=options.full)
    app = create_app(writer, token=None, status=lambda: _STATUS, dresser=_no_dresser)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", backlog=4096)


if __name__ == "__main__":
    main()
