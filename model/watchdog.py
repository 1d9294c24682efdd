"""Looks whether the thread that writes still comes round; one that hangs cannot be mended, only replaced."""

import asyncio
import logging
import time
from typing import Final

from model.decoder import Watched

LOOKS: Final = 10  # in the time after which it hangs
LATE: Final = 3  # times as long as it should have been: such a look tells nothing
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
        looked = time.monotonic()
        await asyncio.sleep(patience / LOOKS)
        now = time.monotonic()
        stood_still = now - looked > LATE * patience / LOOKS  # the whole process: it was stopped, or its machine
        if stood_still or not decoder.busy or decoder.last_step != step:
            step, since = decoder.last_step, now
        elif now - since >= patience:
            _log.critical("the model has made no step for %g s; it stands here:\n%s", patience, decoder.stack())
            raise StalledError(patience)
