"""Reports where moderators read them: sent until they hang there, and showing what was decided."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any, Final

import discord
import structlog
from discord import ui

from bot import languages
from bot.app import App
from bot.languages import say
from bot.ui import places
from bot.ui.buttons import Press
from bot.ui.cards import AMBER, GREY, View
from bot.ui.plain import plain
from bot.ui.presenting import Presenter
from bot.usecases import browsing, moderating
from bot.usecases.moderating import Case
from db.errors import StorageError
from db.ids import MemberId, ReportId
from db.reports import Report, ReportState

log = structlog.get_logger()
EVERY: Final = 60.0  # seconds between two looks, if nobody rings


class Desk:
    """Sees to the reports of the servers that this process is on. What it misses is caught up: the rows know."""

    def __init__(self, client: discord.Client, app: App, presenter: Presenter) -> None:
        self._client, self._app, self._presenter = client, app, presenter
        self._under_way: set[ReportId] = set()
        self._out_of_reach: set[tuple[ReportId, int]] = set()
        self._settled: set[ReportId] = set()
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Say that there is something to do."""
        self._bell.set()

    async def work(self) -> None:
        """Send what hangs nowhere, and show what was decided: now, when the bell rings, and every minute."""
        await self._client.wait_until_ready()
        while True:
            self._bell.clear()
            try:
                await self._look()
            except StorageError as error:
                log.warning("reports are seen to later", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._bell.wait()

    async def _look(self) -> None:
        for case, channel in await moderating.untold(self._app):
            if places.is_ours(self._client, case.report.guild_id):
                self._tell(case.report, channel)
        for case in await moderating.lately_decided(self._app):
            if places.is_ours(self._client, case.report.guild_id):
                self._show_decision(case.report)

    def _tell(self, report: Report, channel_id: int) -> None:
        if (report.id, channel_id) in self._out_of_reach:
            return
        send = partial(_send, self._client.get_partial_messageable(channel_id), f"report-{report.id}")

        async def placed(message: discord.Message) -> None:
            await moderating.told(self._app, report.id, channel_id=channel_id, message_id=message.id)

        self._keep(report, channel_id, places.as_new(self._client, send, placed))

    def _show_decision(self, report: Report) -> None:
        if report.id not in self._settled and report.channel_id and report.message_id:
            show = places.on_message(self._client, report.channel_id, report.message_id)
            self._keep(report, report.channel_id, show)

    def _keep(self, report: Report, channel_id: int, show: places.Show) -> None:
        """Have a report's card shown, by one follower at a time."""
        if report.id in self._under_way:
            return
        self._under_way.add(report.id)
        drawn: list[ReportState] = []

        async def draw() -> tuple[View, bool]:
            case = await moderating.case(self._app, report.id)
            drawn[:] = [case.report.state]
            with languages.speaking(await browsing.language(self._app, report.guild_id) or languages.ENGLISH):
                return cases_card(case), True

        task = self._presenter.keep(draw, show, channel_id, f"report {report.id}")
        task.add_done_callback(partial(self._done, report, channel_id, drawn))

    def _done(self, report: Report, channel_id: int, drawn: list[ReportState], task: asyncio.Task[None]) -> None:
        self._under_way.discard(report.id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, discord.NotFound | discord.Forbidden):
            self._out_of_reach.add((report.id, channel_id))
            self._settled.add(report.id)
        elif not (task.cancelled() or error):
            if drawn[0] != ReportState.OPEN:
                self._settled.add(report.id)
            self.ring()  # it may have been decided while it was sent


async def _send(channel: discord.PartialMessageable, nonce: str, view: View) -> discord.Message:
    return await channel.send(view=view, nonce=nonce)


def cases_card(*cases: Case) -> View:
    """Return the card of some reports: what was reported and why, and the buttons that decide, or what was decided."""
    view = View(timeout=None)
    for case in cases:
        text = "\n".join(
            [
                f"### {plain(case.pitch.title, 100)}",
                plain(case.pitch.summary, 300),
                "-# " + say("Reported: {reason}", reason=plain(case.report.reason, 300)),
                *_decision(case.report),
            ]
        )
        is_open = case.report.state == ReportState.OPEN
        items: list[ui.Item[Any]] = [ui.TextDisplay(text), *([_buttons(case.report.id)] if is_open else [])]
        view.add_item(ui.Container(*items, accent_colour=AMBER if is_open else GREY))
    return view


def _buttons(number: ReportId) -> ui.ActionRow[Any]:
    return ui.ActionRow(
        Press("remove", number, label=say("Remove"), style=discord.ButtonStyle.danger),
        Press("pardon", number, label=say("Leave it")),
        Press("block", number, label=say("Remove and block author"), style=discord.ButtonStyle.danger),
    )


def _decision(report: Report) -> list[str]:
    if report.state == ReportState.OPEN:
        return []
    who = named(report.decided_by)
    removed = report.state == ReportState.REMOVED
    return ["-# " + (say("{who} has removed it.", who=who) if removed else say("{who} lets it stay.", who=who))]


def named(member: MemberId | None) -> str:
    """Return a member's name as Discord shows it (nobody is rung), or "somebody"."""
    kind, _, number = (member or "").partition(":")
    return f"<@{number}>" if kind == "discord" else plain(kind) or say("somebody")
