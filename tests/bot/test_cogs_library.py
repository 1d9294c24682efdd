"""Lists, one show, favourites and the leaderboard, as members see them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.errors import CommandChangedError
from bot.ui import lists
from bot.ui.chart import MARGIN, WIDTH, Bar, chart, layout
from bot.usecases import browsing, listing
from db.ids import MemberId
from db.pitches import PitchRow
from tests.bot.discord_room import SERVER_OF_OTHERS, Stage, open_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def greenlit(stage: Stage, count: int) -> None:
    for number in range(count):
        pitch, _ = await stage.open_slate(f"Show {number}", f"Loser {number}")
        await stage.script(pitch, "INT. KITCHEN - DAY")


async def test_shows_come_five_a_page_and_the_buttons_turn_them(stage: Stage) -> None:
    await greenlit(stage, 7)
    asked = await stage.discord.slash(stage.discord.members[0], "shows")
    first = await stage.shown(lambda: asked.message, lambda card: "Show 6" in card.text)
    assert "Show 1" not in first.text
    assert "Loser" not in first.text
    turned = await stage.discord.click(stage.discord.members[1], first, custom_id="gl:v1:turnshows:1:")
    second = await stage.shown(lambda: turned.message, lambda card: "Show 1" in card.text)
    assert "Show 6" not in second.text


async def test_a_list_of_nothing_says_what_to_do(stage: Stage) -> None:
    for command, said in (("shows", "/pitch"), ("mine", "/pitch"), ("favourites", "/show"), ("leaderboard", "/pitch")):
        asked = await stage.discord.slash(stage.discord.members[0], command)
        await stage.shown(lambda asked=asked: asked.message, lambda card, said=said: said in card.text)  # type: ignore[misc]


async def test_a_search_finds_words_of_title_and_summary_on_this_server_only(stage: Stage) -> None:
    await stage.open_slate("The Lighthouse", summary="Two sisters.")
    await stage.open_slate("Salt", summary="A LIGHTHOUSE keeper.")
    await stage.open_slate("Lighthouse Elsewhere", server=SERVER_OF_OTHERS)
    asked = await stage.discord.slash(stage.discord.members[0], "search", text="lighthouse")
    found = await stage.shown(lambda: asked.message, lambda card: "Salt" in card.text)
    assert "The Lighthouse" in found.text
    assert "Elsewhere" not in found.text
    assert found.ephemeral


async def test_what_moderators_removed_is_in_no_list(stage: Stage) -> None:
    pitch, other = await stage.open_slate("Gone", "Here")
    await stage.vote(pitch, 2)
    await stage.vote(other, 1)
    async with stage.app.database.writing() as session:
        await session.execute(update(PitchRow).where(PitchRow.id == pitch.id).values(removed_at=datetime.now(UTC)))
    assert [each.title for each in await listing.leaders(stage.app, stage.server, "all")] == ["Here"]
    assert (await listing.found(stage.app, stage.server, "Gone", 0)).pitches == ()
    assert await stage.discord.autocomplete(stage.discord.members[0], "show", "pitch", "Gone") == []


async def test_a_show_is_kept_by_a_button_and_no_longer_by_the_next_click(stage: Stage) -> None:
    pitch, _ = await stage.open_slate("Winner", "Loser")
    ada = stage.discord.members[0]
    asked = await stage.discord.slash(ada, "show", pitch=str(pitch.id))
    card = await stage.shown(lambda: asked.message, lambda card: "Winner" in card.text)
    assert "Kept" in await stage.refused(await stage.discord.click(ada, card, custom_id=f"gl:v1:keep:{pitch.id}"))
    asked = await stage.discord.slash(ada, "favourites")
    await stage.shown(lambda: asked.message, lambda card: "Winner" in card.text)
    said = await stage.refused(await stage.discord.click(ada, card, custom_id=f"gl:v1:keep:{pitch.id}"))
    assert "Not kept" in said
    assert (await listing.kept(stage.app, stage.server, MemberId(f"discord:{ada.id}"), 0)).pitches == ()


async def test_a_show_of_another_server_is_not_shown_nor_kept(stage: Stage) -> None:
    theirs, _ = await stage.open_slate("Theirs", "Too", server=SERVER_OF_OTHERS)
    asked = await stage.discord.slash(stage.discord.members[0], "show", pitch=str(theirs.id))
    assert "pick one from the list" in await stage.refused(asked)


async def test_a_member_finds_what_they_asked_for(stage: Stage) -> None:
    await stage.pitch(count=2)
    asked = await stage.discord.slash(stage.discord.members[0], "mine")
    mine = await stage.shown(lambda: asked.message, lambda card: "up for votes" in card.text)
    assert mine.ephemeral
    other = await stage.discord.slash(stage.discord.members[1], "mine")
    await stage.shown(lambda: other.message, lambda card: "nothing here yet" in card.text)


async def test_chance_picks_a_greenlit_show(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "random")
    assert "no greenlit show" in await stage.refused(asked)
    await greenlit(stage, 1)
    asked = await stage.discord.slash(stage.discord.members[0], "random")
    await stage.shown(lambda: asked.message, lambda card: "Show 0" in card.text)


async def test_the_leaderboard_has_a_picture_that_words_describe(stage: Stage) -> None:
    first, second = await stage.open_slate("First", "Second")
    await stage.vote(first, 3)
    await stage.vote(second, 1)
    asked = await stage.discord.slash(stage.discord.members[0], "leaderboard", period="week")
    card = await stage.shown(lambda: asked.message, lambda card: "First" in card.text)
    assert "3 votes" in card.text
    (picture,) = card.attachments
    assert picture["filename"] == lists.PICTURE
    assert stage.discord.download(picture).startswith(b"\x89PNG")


@pytest.mark.parametrize("facts", ["", "x", "1", "-3:", "99999999999999:y"])
def test_made_up_facts_of_a_button_are_no_page_or_one_that_is_empty(facts: str) -> None:
    try:
        number, _ = lists.from_button(facts)
    except CommandChangedError:
        assert facts in {"", "x", "-3:"}
    else:
        assert 0 <= number <= 100_000


@pytest.mark.parametrize("text", ["a lighthouse", "灯台" * 50, "100% & more", "a" * 100])
def test_a_search_fits_into_its_button_and_comes_out_of_it(text: str) -> None:
    carried = lists.in_button(text)
    assert len(f"gl:v1:turnfound:100000:{carried}") <= 100
    assert text.startswith(lists.from_button(f"3:{carried}")[1])


@pytest.mark.parametrize("title", ["W" * 200, "灯台守の娘", "A 👩‍🚀 in space", "שלום", "Ordinary", ""])
def test_no_word_of_the_chart_leaves_its_margins_nor_meets_its_count(title: str) -> None:
    bars = [Bar(title=title, genre="comedy", votes=votes) for votes in (123456, 40, 1, 0)]
    for row in layout(bars):
        left, _, right, _ = row.title.box
        assert left >= MARGIN - 2
        assert right <= row.count.box[0]
        assert row.count.box[2] <= WIDTH - MARGIN + 2
        assert row.length <= WIDTH - 2 * MARGIN
    assert chart(bars, "Leaderboard") == chart(bars, "Leaderboard")


async def test_a_show_says_where_its_script_hangs(stage: Stage) -> None:
    pitch, _ = await stage.open_slate("Winner", "Loser")
    await stage.script(pitch, "INT. KITCHEN - DAY")
    show = await browsing.show(stage.app, pitch.id)
    assert show.scripts[0].state == "done"
    asked = await stage.discord.slash(stage.discord.members[0], "show", pitch=str(pitch.id))
    await stage.shown(lambda: asked.message, lambda card: "scripted" in card.text)
