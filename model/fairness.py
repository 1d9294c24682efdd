"""Whose turn it is: a fair queue by the tokens computed, among servers, and in each among its members.

It is start-time fair queueing with costs that are known only afterwards. A brief that is called is charged what such
briefs usually take, and settled with what it took. Whoever comes after a pause begins where the others are now: the
time away is no credit, and nobody pays for having worked while the room was empty.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from typing import Generic, TypeVar


@dataclass(slots=True, eq=False, kw_only=True)
class Ask:
    """A brief in the queue: for whom it is, what it is reckoned to ``cost`` in tokens, its ``number`` of arrival."""

    server: str
    member: str
    cost: int
    number: int = 0


A = TypeVar("A", bound=Ask)


@dataclass(slots=True, eq=False)
class _Share(Generic[A]):
    """The account of everybody, of a server, or of a member."""

    settled: int = 0  # tokens
    charged: int = 0  # for what is being written
    held: int = 0  # briefs, waiting or written
    waiting: int = 0
    now: int = 0  # where a share inside begins that was away
    inside: dict[str, "_Share[A]"] = field(default_factory=dict)
    asks: list[A] = field(default_factory=list)  # a member's, by arrival

    @property
    def key(self) -> int:
        return self.settled + self.charged

    def enter(self, name: str) -> "_Share[A]":
        share: _Share[A] = self.inside.setdefault(name, _Share())
        if not share.held:
            share.settled = max(share.settled, self.now)
        return share

    def forget(self) -> None:
        """Drop the accounts that would begin anew if their owners came back."""
        gone = [name for name, share in self.inside.items() if not share.held and share.settled <= self.now]
        for name in gone:
            del self.inside[name]

    def order(self) -> list[A]:
        if not self.inside:
            return self.asks
        return list(_merged((share.key, share.order()) for share in self.inside.values() if share.waiting))

    def newest(self) -> A:
        fullest = self.fullest()
        return fullest.newest() if fullest else self.asks[-1]

    def fullest(self) -> "_Share[A] | None":
        return max(self.inside.values(), key=lambda share: (share.waiting, share.held), default=None)


def _merged(shares: Iterable[tuple[int, list[A]]]) -> Iterator[A]:
    """Yield the asks of every share in turn: always of the one that has had least, of the first come among equals."""
    heap = [(key, asks[0].number, 0, asks) for key, asks in shares]
    heapify(heap)
    while heap:
        key, _, at, asks = heap[0]
        yield asks[at]
        if at + 1 < len(asks):
            heapreplace(heap, (key + asks[at].cost, asks[at + 1].number, at + 1, asks))
        else:
            heappop(heap)


class FairQueue(Generic[A]):
    """Asks that wait or are being written; :meth:`order` is the order in which they are called."""

    def __init__(self) -> None:
        self._all: _Share[A] = _Share()
        self._arrived = 0

    def __len__(self) -> int:
        return self._all.waiting

    def enter(self, ask: A) -> None:
        """Take ``ask`` in; it waits."""
        self._arrived += 1
        ask.number = self._arrived
        server = self._all.enter(ask.server)
        member = server.enter(ask.member)
        member.asks.append(ask)
        for share in (self._all, server, member):
            share.held += 1
            share.waiting += 1

    def leave(self, ask: A) -> None:
        """Let ``ask``, which waits, go uncalled."""
        self._take(ask)
        self._let_go(ask)

    def call(self) -> A:
        """Return the next ask, which is written from now on; there must be one."""
        ask = self._all.order()[0]
        self._take(ask)
        outer, *inner = self._shares(ask)
        for share in inner:
            outer.now = max(outer.now, share.settled)
            share.charged += ask.cost
            outer = share
        return ask

    def settle(self, ask: A, computed: int | None) -> None:
        """Close the account of ``ask``, which was called; what nobody counted took what was charged."""
        for share in self._shares(ask)[1:]:
            share.charged -= ask.cost
            share.settled += ask.cost if computed is None else max(1, computed)
        self._let_go(ask)

    def order(self) -> list[A]:
        """Return everything that waits in the order of service, as far as nobody comes or goes meanwhile."""
        return list(self._all.order())

    def crowding(self, server: str, member: str) -> A | None:
        """Return the newest ask of whoever has so many waiting that one of ``member`` in its stead would be fairer.

        That is the fullest server, or else the fullest member of the same server.
        """
        outer: _Share[A] | None = self._all
        for name in (server, member):
            fullest = outer.fullest() if outer else None
            if outer is None or fullest is None:
                return None
            mine = outer.inside.get(name)
            if fullest.waiting > (mine.waiting if mine else 0) + 1:
                return fullest.newest()
            outer = mine
        return None

    def _shares(self, ask: A) -> tuple[_Share[A], _Share[A], _Share[A]]:
        server = self._all.inside[ask.server]
        return self._all, server, server.inside[ask.member]

    def _take(self, ask: A) -> None:
        shares = self._shares(ask)
        shares[-1].asks.remove(ask)
        for share in shares:
            share.waiting -= 1

    def _let_go(self, ask: A) -> None:
        shares = self._shares(ask)
        for share in shares:
            share.held -= 1
        if not self._all.held:
            self._all = _Share()
            return
        for share in shares[:-1]:
            share.forget()
