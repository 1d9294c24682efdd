"""Discord's limit on edits, as it is observed: five in five seconds a channel; who asks for more is told to wait."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

EDITS: Final = 5
WITHIN: Final = 5.0  # seconds
MANY: Final = 10_000  # buckets


@dataclass(slots=True)
class Limits:
    """When the last edits of each bucket were, and how many were refused."""

    refused: int = 0
    clock: Callable[[], float] = time.monotonic
    _edits: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def edit(self, bucket: str) -> tuple[dict[str, str], float]:
        """Return the headers of the answer to an edit, and after how many seconds to try again (0: it is done)."""
        now, edits = self.clock(), self._edits[bucket]
        while edits and now - edits[0] >= WITHIN:
            edits.popleft()
        wait = edits[0] + WITHIN - now if len(edits) >= EDITS else 0.0
        if wait:
            self.refused += 1
        else:
            edits.append(now)
        self._sweep(now)
        return _headers(bucket, EDITS - len(edits), edits[0] + WITHIN - now, wait), wait

    def _sweep(self, now: float) -> None:
        """Drop the buckets that nothing is in any more, now and then."""
        if len(self._edits) > MANY:
            for bucket in [name for name, edits in self._edits.items() if not edits or now - edits[-1] >= WITHIN]:
                del self._edits[bucket]


def _headers(bucket: str, remaining: int, after: float, wait: float) -> dict[str, str]:
    headers = {
        "X-RateLimit-Limit": str(EDITS),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{time.time() + after:.3f}",
        "X-RateLimit-Reset-After": f"{after:.3f}",
        "X-RateLimit-Bucket": bucket.partition(":")[0],
    }
    if wait:  # without Via discord.py takes it for a ban of the address
        headers |= {"Via": "1.1 loopback", "Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": "user"}
    return headers
