"""How much a member, and a server, may ask for: one slate at a time, so many a day; told with when to come back."""

from datetime import datetime, timedelta
from typing import Final

from db import guilds, slates
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


def _require(asked: tuple[datetime, ...], limit: int, now: datetime, *, whole: bool) -> None:
    if len(asked) >= limit:
        left = asked[-limit] + DAY - now if limit else DAY
        raise EnoughTodayError(limit, max(1, -(-int(left.total_seconds()) // 60)), whole=whole)
