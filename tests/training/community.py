"""A community that asks, votes, greenlights and has lines said anew, written straight into a real database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from db import guilds, members, pitches, rewrites, scripts, slates, votes
from db.database import Database
from db.ids import GuildId, MemberId
from db.pitches import Pitch, PitchState
from db.scripts import Script

PAGE = GuildId("page")
AUTHOR = MemberId("page:author")
SCRIPT = "INT. KITCHEN - NIGHT\n\nANNA\nWho took the key?\n\nBEN\nNot the cat.\n"


@dataclass(frozen=True, slots=True)
class Room:
    """A database in which things happen, all at one moment."""

    database: Database
    now: datetime

    async def slate(
        self,
        titles: Sequence[str],
        cast: Mapping[str, str],
        *,
        by: MemberId = AUTHOR,
        guild: GuildId = PAGE,
        theme: str = "time travel",
        greenlit: bool = True,
    ) -> tuple[Pitch, ...]:
        """Close a slate of ``titles`` on which members ``cast`` their votes (name → title); return its pitches."""
        async with self.database.writing() as session:
            await guilds.ensure(session, guild)
            for member in (by, *map(MemberId, cast)):
                await members.ensure(session, member)
            asked = {"guild_id": guild, "asked_by": by, "genre": "comedy", "theme": theme}
            slate = await slates.create(session, **asked, count=len(titles), seed=7, now=self.now)  # type: ignore[arg-type]
            for slot, title in enumerate(titles):
                key = f"{title.casefold()} {slate.id}"
                about = f"A baker finds {title} in the harbor."
                await pitches.add(
                    session, slate_id=slate.id, slot=slot, title=title, title_key=key, summary=about
                )  # fmt: skip
            later = self.now.replace(hour=23)
            await slates.open_slate(session, slate.id, model="fake", dropped=0, now=self.now, closes_at=later)
            shown = await pitches.of_slate(session, slate.id)
            of_title = {pitch.title: pitch.id for pitch in shown}
            for name, title in cast.items():
                facts = {"slate_id": slate.id, "pitch_id": of_title[title], "member_id": MemberId(name)}
                await votes.cast(session, **facts, now=self.now)  # type: ignore[arg-type]
            if greenlit and cast:
                first = max(of_title, key=lambda title: list(cast.values()).count(title))
                await pitches.greenlight(session, of_title[first], decided_by=None, now=self.now)
            await slates.close(session, slate.id, self.now)
            return await pitches.of_slate(session, slate.id)

    async def opt_in(self, member: MemberId = AUTHOR) -> None:
        """Let what the member asks be learnt from."""
        async with self.database.writing() as session:
            await members.ensure(session, member)
            await members.opt(session, member, since=self.now)

    async def forget(self, member: MemberId) -> None:
        """Delete the member."""
        async with self.database.writing() as session:
            await members.forget(session, member)

    async def script(self, pitch: Pitch, text: str = SCRIPT) -> Script:
        """Write the first page of a greenlit show."""
        async with self.database.writing() as session:
            ordered = await scripts.order(session, pitch_id=pitch.id, part=1, seed=1, asked_by=None, now=self.now)
            await scripts.finish(session, ordered.id, fountain=text, model="fake", now=self.now)
            await pitches.mark(session, pitch.id, PitchState.SCRIPTED, from_states=(PitchState.GREENLIT,))
            return await scripts.get(session, ordered.id)

    async def say_anew(self, script: Script, at: int, was: str, became: str, *, by: MemberId) -> None:
        """Have a line said otherwise; the page holds it already."""
        async with self.database.writing() as session:
            await members.ensure(session, by)
            asked = {"script_id": script.id, "at": at, "was": was, "seed": 1, "asked_by": by}
            ordered = await rewrites.order(session, **asked, now=self.now)  # type: ignore[arg-type]
            await rewrites.finish(session, ordered.id, became=became, now=self.now)
