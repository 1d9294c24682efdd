"""What is announced, where it can go, and what a network can answer."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FREE: Final = Decimal(0)


class NetworkError(Exception):
    """A network did not take the post, or cannot say whether it did."""


class NetworkUnauthorizedError(NetworkError):
    """The network does not accept our keys."""


class NetworkBusyError(NetworkError):
    """Nothing was posted and a later try can work; ``retry_at`` (aware) is when, if the network said."""

    def __init__(self, retry_at: datetime | None = None) -> None:
        super().__init__(retry_at)
        self.retry_at = retry_at


class NetworkRefusedError(NetworkError):
    """Nothing was posted and the same post will be refused again.

    ``reason`` is the network's own word, ``code`` the name it gives this refusal, where it has names for them.
    """

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class NetworkUncertainError(NetworkError):
    """The post may have been accepted: :meth:`Network.find` it before anything else."""


class DuplicatePostError(NetworkError):
    """The network says it already has this post: :meth:`Network.find` it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The show of a day, with everything a network may want to show of it.

    ``number`` is the pitch's own, ``excerpt`` plain script text (may be empty), ``picture`` the poster and ``page`` the
    script page, both PNG; ``alt`` and ``page_alt`` describe them in words. Without an excerpt there is no page.
    """

    day: date
    title: str
    summary: str
    genre: str
    excerpt: str
    picture: bytes
    alt: str
    page: bytes = b""
    page_alt: str = ""
    number: int = 0

    @property
    def pictures(self) -> tuple[tuple[bytes, str], ...]:
        """The poster, and the page if there is one, each with its description."""
        page = ((self.page, self.page_alt),) if self.page else ()
        return (self.picture, self.alt), *page


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How long a text is as the network counts it, how long it may be (None: any length), and its price in US$."""

    length: int
    limit: int | None
    cost: Decimal = FREE


class Network(Protocol):
    """A place where the daily show is announced, at most once a day and account."""

    @property
    def name(self) -> str:
        """The network, such as ``twitter``."""

    @property
    def account(self) -> str:
        """Which account of ours it is there; empty where there is only one."""

    def text(self, announcement: Announcement) -> str:
        """Return what will be posted, within the network's rule."""

    def measure(self, text: str) -> Measure:
        """Return what the network's rules say of ``text``, posted with its picture."""

    async def post(self, announcement: Announcement, text: str) -> str:
        """Post ``text`` with the picture and return the address of the post.

        Raises:
            NetworkError: one of the narrow ones above.
        """

    async def find(self, announcement: Announcement, text: str) -> str | None:
        """Return the address of our own post of that day if it is among the recent ones.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be looked up.
        """


@runtime_checkable
class Checkable(Protocol):
    """A network that can say, free of charge, whether it knows us and what its rules are."""

    async def check(self) -> str:
        """Learn the network's rules and return in a few words who we are there.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be asked.
        """


@runtime_checkable
class Ruled(Protocol):
    """A network whose rules differ from place to place and are asked for before a text is made."""

    async def learn(self) -> None:
        """Learn the rules, unless they are known.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError: they could not be asked for.
        """


def marker(day: date) -> str:
    """Return the words that every post of ``day`` carries, by which it is found again."""
    return f"GreenLIT Daily · {day.day} {_MONTHS[day.month - 1]} {day.year}"
