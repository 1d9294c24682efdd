"""Looks whether the thread that writes still comes round; one that hangs cannot be mended, only replaced."""

import asyncio
import logging
import time
from typing import Final

from model.decoder import Watched

LOOKS: Final = 10  # in the time after which it hangs
_log = logging.getLogger(__name__)


class StalledError(Exception):
    """The model has made no step for ``seconds`` while there was something to write."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} s")
        self.seconds = seconds


async def watch(decoder: object, patience: float) -> None:
    """Look until the decoder makes no step for ``patience`` seconds; one that tells nothing of its steps is left alone.

    Raises:
        StalledError: it hangs; the log says where.
    """
    if not isinstance(decoder, Watched):
        return
    step, since = decoder.last_step, time.monotonic()
    while True:
        await asyncio.sleep(patience / LOOKS)
        if not decoder.busy or decoder.last_step != step:
            step, since = decoder.last_step, time.monotonic()
        elif time.monotonic() - since >= patience:
            _log.critical("the model has made no step for %g s; it stands here:\n%s", patience, decoder.stack())
            raise StalledError(patience)
