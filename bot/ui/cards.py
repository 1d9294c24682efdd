"""What a slate, a script and the leaderboard look like on Discord (components v2)."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import ui

from bot.errors import failure
from bot.export import fountain
from bot.languages import say, say_count
from bot.stage import Progress
from bot.ui.buttons import Press, VoteButton
from bot.ui.plain import label, plain, typewritten
from bot.usecases.browsing import SlateView
from db.ids import MemberId, PitchId
from db.pitches import Pitch
from db.scripts import Script
from db.slates import Slate
from db.stagings import Staging
from model.screenplay import NotAScriptError
from model.tasks import partial_pitch

GREEN: Final = discord.Colour(0x2E8B57)
AMBER: Final = discord.Colour(0xC9A227)
GREY: Final = discord.Colour(0x6B7280)
_ROOM_FOR_PITCHES: Final = 3400  # of the 4,000 characters that a card may hold
_BUTTONS_A_ROW: Final = 5
_SUMMARY: Final = 600
_NOTE: Final = 90
VOTERS: Final = 25  # on a page

View = ui.LayoutView


def _card(colour: discord.Colour, *items: ui.Item[Any]) -> View:
    view = View(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=colour))
    return view


def _state(progress: Progress, working: str) -> str:
    if progress.absent:
        return say("The writer is away for a moment; this is kept and goes on when it is back.")
    return say("Place {place} in line.", place=progress.place) if progress.place else working


def _asked(slate: Slate) -> str:
    return f"### {plain(slate.genre)} · {plain(slate.theme)}"


def writing_slate(slate: Slate, progress: Progress) -> View:
    """Return the card of a slate that is being written: place in line, then titles as they come."""
    room = _ROOM_FOR_PITCHES // max(slate.count, 1) - 120
    rows = [
        f"**{plain(title, 100)}**\n{plain(summary, max(room, 60)) or '…'}"
        for title, summary in map(partial_pitch, progress.texts)
        if title
    ]
    text = [_asked(slate), *rows[: slate.count], f"-# {_state(progress, say('The room is writing …'))}"]
    call_off = Press("calloff", slate.id, label=say("Call off"))
    return _card(AMBER, ui.TextDisplay("\n".join(text)), ui.ActionRow(call_off))


def slate_card(view: SlateView) -> View:
    """Return the card of a slate: its pitches with tallies and, while it is open, a button each."""
    slate = view.slate
    if slate.state == "failed":
        return _card(GREY, ui.TextDisplay(f"{_asked(slate)}\n{failure(slate.failure)}"), _one_more(slate))
    if slate.state == "drafting":
        return writing_slate(slate, view.progress or Progress(absent=True))  # nobody is at it until a restart is over
    shown = [pitch for pitch in view.pitches if not pitch.removed]
    noted = _NOTE + 10 if any(pitch.note for pitch in view.pitches) else 0
    room = min(_SUMMARY, _ROOM_FOR_PITCHES // max(len(view.pitches), 1) - 140 - noted)
    rows = [_pitch_row(number, pitch, room) for number, pitch in enumerate(view.pitches, 1)]
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([_asked(slate), *rows, f"-# {_footer(view)}"]))]
    if slate.state == "open":
        buttons = [
            VoteButton(pitch.id, label=_label(number, pitch))
            for number, pitch in enumerate(view.pitches, 1)
            if pitch in shown
        ]
        items += [
            ui.ActionRow(*buttons[start : start + _BUTTONS_A_ROW]) for start in range(0, len(buttons), _BUTTONS_A_ROW)
        ]
    return _card(GREEN if slate.state == "open" else GREY, *items, _one_more(slate))


def _one_more(slate: Slate) -> ui.ActionRow[Any]:
    return ui.ActionRow(
        Press("more", slate.id, label=say("More like this")),
        Press("fresh", slate.id, label=say("New slate")),
        Press("brief", slate.id, label=say("Edit brief")),
        Press("report", slate.id, label=say("Report")),
    )


def _pitch_row(number: int, pitch: Pitch, room: int) -> str:
    if pitch.removed:
        return f"**{number}\\.** " + say("Removed by the moderators.")
    chosen = f" · **{say('greenlit')}**" if pitch.state in {"greenlit", "scripted", "posted"} else ""
    votes = f" · {_votes(pitch.votes)}" if pitch.votes else ""
    note = f"\n-# {plain(pitch.note, _NOTE)}" if pitch.note else ""
    return f"**{number}\\. {plain(pitch.title, 100)}**{votes}{chosen}\n{plain(pitch.summary, room)}{note}"


def _label(number: int, pitch: Pitch) -> str:
    return f"{number} {label(pitch.title, 30)}" + (f" · {pitch.votes}" if pitch.votes else "")


def _votes(count: int) -> str:
    return say_count("{count} vote", "{count} votes", count)


def _footer(view: SlateView) -> str:
    slate = view.slate
    said = [say("Slate {number}", number=slate.id), say("seed {seed}", seed=slate.seed)]
    if slate.preset == "bold":
        said.append(say("bold"))
    if slate.dropped:
        said.append(say("{count} dropped as not original", count=slate.dropped))
    if slate.state == "open" and slate.closes_at:
        said.append(say("votes close {when}", when=discord.utils.format_dt(slate.closes_at, "R")))
    if slate.state == "closed":
        said.append(say("the vote is over"))
    return " · ".join(said)


def _writing(script: Script) -> str:
    if script.part == 1:
        return say("The room is writing page one …")
    return say("The room is writing scene {number} …", number=script.part)


def _cast(script: Script) -> str:
    """Return which scene it is, and who is in it."""
    scene = say("Scene {number}", number=script.part)
    try:
        names = fountain.read(script.fountain or "").cast
    except NotAScriptError:
        return scene
    return f"{scene} · " + say("Cast: {names}", names=plain(", ".join(name.title() for name in names), 200))


def _go_on(script: Script) -> ui.ActionRow[Any]:
    return ui.ActionRow(
        Press("next", script.id, label=say("Next scene")),
        Press("lines", script.id, label=say("Say a line otherwise")),
        Press("export", script.id, label=say("Fountain file")),
    )


def staging_card(staging: Staging, progress: Progress | None = None) -> View:
    """Return the card of a member's dialog: the scene it became, why there is none, or how far it is."""
    head = f"### {say('Staged')}"
    if staging.state == "failed":
        return _card(GREY, ui.TextDisplay(f"{head}\n{failure(staging.failure)}"))
    if staging.fountain:
        return _card(GREEN, ui.TextDisplay(f"{head}\n{typewritten(staging.fountain)}"))
    state = _state(progress or Progress(), say("The room is writing …"))
    return _card(AMBER, ui.TextDisplay(f"{head}\n-# {state}"))


def opening_card(pitch: Pitch) -> View:
    """Return what stands at the head of a greenlit show's thread: title, logline, and where it comes from."""
    votes = f" · {_votes(pitch.votes)}" if pitch.votes else ""
    about = f"-# {plain(pitch.genre)} · {plain(pitch.theme)} · {say('greenlit')}{votes}"
    note = [f"-# {plain(pitch.note, 300)}"] if pitch.note else []
    lines = [f"### {plain(pitch.title, 100)}", plain(pitch.summary), about, *note]
    return _card(GREEN, ui.TextDisplay("\n".join(lines)))


def voters(cast: Mapping[MemberId, Pitch], pitch_id: PitchId, page: int) -> View:
    """Return a page of who voted for what on a pitch's slate; mentions show names, and ring nobody."""
    first = page * VOTERS
    rows = [f"{_named(member)} · {plain(pitch.title, 80)}" for member, pitch in cast.items()]
    text = "\n".join(rows[first : first + VOTERS]) or say("Nobody has voted here yet.")
    turn = turning("voters", pitch_id, page, more=len(rows) > first + VOTERS)
    return _card(GREY, ui.TextDisplay(f"### {say('Votes')} · {len(rows)}\n{text}"), *turn)


def turning(word: str, facts: object, page: int, *, more: bool) -> list[ui.ActionRow[Any]]:
    """Return the row of buttons that turn the pages of a list, or nothing where it has one page."""
    if not page and not more:
        return []
    back = Press(word, f"{page - 1}:{facts}", label=say("Back"), disabled=not page)
    on = Press(word, f"{page + 1}:{facts}", label=say("Next"), disabled=not more)
    return [ui.ActionRow(back, on)]


def _named(member: MemberId) -> str:
    kind, _, number = member.partition(":")
    return f"<@{number}>" if kind == "discord" else plain(kind)


def script_card(pitch: Pitch, script: Script, progress: Progress | None = None) -> View:
    """Return the card of a script, or how far it is."""
    head = f"### {plain(pitch.title, 100)}\n-# {plain(pitch.genre)} · {plain(pitch.theme)}"
    if script.state == "failed":
        return _card(GREY, ui.TextDisplay(f"{head}\n{failure(script.failure)}"))
    if script.state == "done" and script.fountain:
        return _card(
            GREEN, ui.TextDisplay(f"{head}\n{typewritten(script.fountain)}\n-# {_cast(script)}"), _go_on(script)
        )
    progress = progress or Progress(absent=True)
    text = typewritten(progress.texts[0]) if progress.texts else ""
    return _card(AMBER, ui.TextDisplay(f"{head}\n{text}\n-# {_state(progress, _writing(script))}"))
