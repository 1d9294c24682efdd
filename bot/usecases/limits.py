"""How much a member, and a server, may ask for: one slate at a time, so many a day; told with when to come back."""

from datetime import datetime, timedelta
from typing import Final

from db import guilds, orders, slates
from db.database import Session
from db.ids import GuildId, MemberId, SlateId

DAY: Final = timedelta(hours=24)


class StillWritingError(RuntimeError):
    """The member's last slate, ``slate_id``, is still being written."""

    def __init__(self, slate_id: SlateId) -> None:
        super().__init__(f"slate {slate_id}")
        self.slate_id = slate_id


class EnoughTodayError(RuntimeError):
    """``limit`` slates were asked for within a day, by the member or by the ``whole`` server; ``minutes`` to go."""

    def __init__(self, limit: int, minutes: int, *, whole: bool) -> None:
        super().__init__(f"{limit} a day")
        self.limit, self.minutes, self.whole = limit, minutes, whole


class EnoughPagesError(RuntimeError):
    """The member asked for ``limit`` scenes, lines and dialogs within a day; ``minutes`` to go."""

    def __init__(self, limit: int, minutes: int) -> None:
        super().__init__(f"{limit} pages a day")
        self.limit, self.minutes = limit, minutes


async def require_room(session: Session, *, guild: GuildId, member: MemberId, now: datetime) -> None:
    """Return if the member may ask for one more slate now; two who ask at once are looked at one after the other.

    Raises:
        StillWritingError, EnoughTodayError: they may not.
    """
    rule = await guilds.lock(session, guild)
    drafting = await slates.drafting_of(session, guild, member)
    if drafting is not None:
        raise StillWritingError(drafting)
    since = now - DAY
    own = await slates.asked_since(session, guild, since, member=member)
    _require(own, rule.slates_a_day, now, whole=False)
    _require(await slates.asked_since(session, guild, since), rule.slates_a_day_of_all, now, whole=True)


async def require_page(session: Session, *, guild: GuildId, member: MemberId, now: datetime) -> None:
    """Return if the member may ask for one more scene, line or staged dialog now.

    Raises:
        EnoughPagesError: they may not.
    """
    rule = await guilds.lock(session, guild)
    asked = await orders.pages_since(session, guild, member, now - DAY)
    if len(asked) >= rule.pages_a_day:
        raise EnoughPagesError(rule.pages_a_day, _minutes(asked, rule.pages_a_day, now))


def _require(asked: tuple[datetime, ...], limit: int, now: datetime, *, whole: bool) -> None:
    if len(asked) >= limit:
        raise EnoughTodayError(limit, _minutes(asked, limit, now), whole=whole)


def _minutes(asked: tuple[datetime, ...], limit: int, now: datetime) -> int:
    """Return the minutes until one of the last ``limit`` is a day old."""
    left = asked[-limit] + DAY - now if limit else DAY
    return max(1, -(-int(left.total_seconds()) // 60))
