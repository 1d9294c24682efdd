from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stage import Progress
from bot.ui import cards, lists
from bot.ui.buttons import VoteButton
from bot.ui.plain import width
from bot.usecases.browsing import SlateView
from db.ids import GuildId, PitchId, ScriptId, SlateId
from db.pitches import Pitch, PitchState
from db.scripts import Script, ScriptState
from db.slates import Slate, SlateState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NASTY = "*_~|`#>-[]()<@&:/\\\u200b漢😀👩\u200d🚀e\u0301ab 1"
TITLES = st.text(alphabet=st.sampled_from(NASTY), min_size=100, max_size=100)
SUMMARIES = st.text(alphabet=st.sampled_from(NASTY), min_size=600, max_size=600)
PINGS = "@everyone @here <@123456789012345678> <@&123456789012345678> <#1> [x](https://example.org)"


def slate(state: SlateState, count: int = 3, theme: str = "time travel", failure: str | None = None) -> Slate:
    return Slate(
        id=SlateId(7), guild_id=GuildId("discord:1"), asked_by=None, genre="science fiction", theme=theme, count=count,
        seed=2**31 - 1, preset="bold", coarse=False, state=state, channel_id=None, message_id=None, model="fake",
        dropped=99, failure=failure, created_at=NOW, opened_at=NOW, closes_at=NOW + timedelta(days=1), closed_at=None,
    )  # fmt: skip


def pitch(
    number: int,
    title: str,
    summary: str,
    state: PitchState = PitchState.OPEN,
    votes: int = 0,
    note: str | None = None,
) -> Pitch:
    return Pitch(
        id=PitchId(10**17 + number), slate_id=SlateId(7), guild_id=GuildId("discord:1"), slot=number, title=title,
        summary=summary, genre="science fiction", theme="time travel", state=state, votes=votes, greenlit_at=None,
        note=note,
    )  # fmt: skip


def script(state: ScriptState, fountain: str | None = None, failure: str | None = None) -> Script:
    return Script(
        id=ScriptId(1), pitch_id=PitchId(1), part=1, state=state, fountain=fountain, synopsis=None, seed=1,
        model="fake", failure=failure, channel_id=None, message_id=None, asked_by=None, created_at=NOW,
        finished_at=None,
    )  # fmt: skip


def words(view: cards.View) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay))


def buttons(view: cards.View) -> list[discord.ui.Button[Any]]:
    return [item.item for item in view.walk_children() if isinstance(item, VoteButton)]


def keeps_the_limits(view: cards.View) -> None:
    assert view.total_children_count <= 40
    assert width(words(view)) <= 4000
    for row in (item for item in view.walk_children() if isinstance(item, discord.ui.ActionRow)):
        assert len(row.children) <= 5
    for button in buttons(view):
        assert width(button.label or "") <= 80
        assert len(button.custom_id or "") <= 100


def opened(*pitches: Pitch, state: SlateState = SlateState.OPEN) -> SlateView:
    return SlateView(slate=slate(state, len(pitches)), pitches=pitches, progress=None)


@settings(deadline=None)
@given(title=TITLES, summary=SUMMARIES, votes=st.integers(0, 10**6), state=st.sampled_from(PitchState))
def test_ten_pitches_of_the_worst_kind_fit_on_every_card(
    title: str, summary: str, votes: int, state: PitchState
) -> None:
    ten = [pitch(number, title, summary, state, votes, summary[:300]) for number in range(10)]
    for slate_state in (SlateState.OPEN, SlateState.CLOSED):
        keeps_the_limits(cards.slate_card(opened(*ten, state=slate_state)))
    keeps_the_limits(lists.leaderboard(ten, "all")[0])
    texts = tuple(f"{title}\nSUMMARY: {summary}" for _ in range(14))
    keeps_the_limits(cards.writing_slate(slate(SlateState.DRAFTING, 10, "x" * 64), Progress(texts=texts)))
    for fountain in (summary * 20, None):
        written = script(ScriptState.DONE if fountain else ScriptState.DRAFTING, fountain)
        keeps_the_limits(cards.script_card(ten[0], written, Progress(texts=(summary * 20,))))


@given(title=TITLES, summary=SUMMARIES)
@settings(deadline=None)
def test_one_pitch_shows_more_of_its_summary_than_one_of_ten(title: str, summary: str) -> None:
    one = words(cards.slate_card(opened(pitch(0, title, summary))))
    ten = words(cards.slate_card(opened(*(pitch(n, title, summary) for n in range(10)))))
    assert len(one) > len(ten) / 10


def test_nothing_on_a_card_mentions_anybody_or_links_anywhere() -> None:
    view = cards.slate_card(opened(pitch(0, PINGS, PINGS)))
    progress = Progress(texts=(f"{PINGS}\nSUMMARY: {PINGS}",))
    writing = cards.writing_slate(slate(SlateState.DRAFTING), progress)
    for text in (words(view), words(writing), words(lists.leaderboard([pitch(0, PINGS, PINGS, votes=1)], "week")[0])):
        assert "@everyone" not in text
        assert "@here" not in text
        assert "://" not in text
        assert not text.replace("\\<", "").replace("<t:", "").count("<")


def test_an_open_slate_has_a_numbered_button_a_title_and_says_when_votes_close() -> None:
    view = cards.slate_card(opened(pitch(0, "One", "About one.", votes=1), pitch(1, "Two", "About two.", votes=2)))
    assert [button.label for button in buttons(view)] == ["1 One · 1", "2 Two · 2"]
    text = words(view)
    assert "**1\\. One** · 1 vote\nAbout one." in text
    assert "**2\\. Two** · 2 votes\nAbout two." in text
    assert "votes close <t:" in text
    assert "99 dropped as not original" in text


def test_a_closed_slate_says_so_has_no_buttons_and_shows_what_was_greenlit() -> None:
    decided = pitch(0, "One", "About one.", PitchState.SCRIPTED, 3), pitch(1, "Two", "About two.", PitchState.PASSED)
    view = cards.slate_card(opened(*decided, state=SlateState.CLOSED))
    assert buttons(view) == []
    assert "**1\\. One** · 3 votes · **greenlit**" in words(view)
    assert "the vote is over" in words(view)


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(), "The room is writing …"),
        (None, "The writer is away for a moment"),  # between two processes nobody is at it
        (Progress(place=4), "Place 4 in line."),
        (Progress(absent=True), "The writer is away for a moment"),
    ],
)
def test_a_slate_that_is_written_says_how_far_it_is(progress: Progress | None, said: str) -> None:
    view = SlateView(slate=slate(SlateState.DRAFTING), pitches=(), progress=progress)
    assert said in words(cards.slate_card(view))


def test_a_title_appears_when_its_line_is_complete() -> None:
    progress = Progress(texts=("The Ket", "The Kettle\nSUMMARY: It wh"))
    text = words(cards.writing_slate(slate(SlateState.DRAFTING), progress))
    assert "**The Kettle**\nIt wh" in text
    assert "**The Ket**" not in text


def test_failures_are_told_in_the_words_of_the_room() -> None:
    failed = SlateView(slate=slate(SlateState.FAILED, failure="NothingOriginalError"), pitches=(), progress=None)
    assert "Nothing original came out this time" in words(cards.slate_card(failed))
    show = pitch(0, "One", "About one.")
    assert "please ask again" in words(cards.script_card(show, script(ScriptState.FAILED, failure="ValueError")))


def test_a_script_is_set_in_type_and_an_empty_leaderboard_says_what_to_do() -> None:
    text = words(cards.script_card(pitch(0, "One", "x"), script(ScriptState.DONE, "INT. ROOM - DAY")))
    assert "```\nINT. ROOM - DAY\n```" in text
    assert "`/pitch`" in words(lists.leaderboard([], "all")[0])
