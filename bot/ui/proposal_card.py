"""What the owners see of a show before everybody does."""

from typing import Any

import discord
from discord import ui

from bot.languages import say
from bot.ui.buttons import Press
from bot.ui.cards import AMBER, GREEN, GREY, View
from bot.ui.plain import plain, typewritten
from bot.usecases.approving import Proposed


def proposal_card(found: Proposed, excerpt: str) -> View:
    """Return the card of a proposal: what will go out, and the buttons that decide, as long as there is a choice."""
    proposal, pitch = found.proposal, found.pitch
    state = {
        "proposed": say("waits for your word"),
        "approved": say("goes out"),
        "skipped": say("skipped; another one is proposed"),
    }[proposal.state]
    text = "\n".join(
        [
            f"### {plain(pitch.title, 100)}",
            f"-# {proposal.day.isoformat()} · {plain(pitch.genre)} · {plain(pitch.theme)} · **{state}**",
            plain(found.summary, 800),
            typewritten(excerpt, 1500),
        ]
    )
    colour = {"proposed": AMBER, "approved": GREEN}.get(proposal.state, GREY)
    items: list[ui.Item[Any]] = [ui.TextDisplay(text)]
    if proposal.state != "skipped":
        items.append(_buttons(found))
    view = View(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=colour))
    return view


def _buttons(found: Proposed) -> ui.ActionRow[Any]:
    number, approved = found.proposal.id, found.proposal.state == "approved"
    return ui.ActionRow(
        Press("approve", number, label=say("Approve"), style=discord.ButtonStyle.success, disabled=approved),
        Press("reword", number, label=say("Edit")),
        Press("skip", number, label=say("Skip"), style=discord.ButtonStyle.danger),
    )
