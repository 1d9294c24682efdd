"""Exactly one post a day and network, whatever a year brings."""

import random
from collections import Counter
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from db import posts
from db.database import Database
from tests.bot.year import Year, days_from, fill

DAYS = 365
ZONES = [
    pytest.param("America/New_York", time(2, 30), id="new-york"),  # an hour that one day lacks, and another has twice
    pytest.param("Asia/Kolkata", time(18, 0), id="kolkata"),
    pytest.param("Europe/Berlin", time(0, 0), id="berlin"),
]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(("zone", "post_at"), ZONES)
async def test_in_a_year_every_day_is_posted_once_on_each_network(database_url: str, zone: str, post_at: time) -> None:
    here = ZoneInfo(zone)
    start = datetime(2026, 1, 15, 20, tzinfo=here).astimezone(UTC)
    database = Database.connect(database_url)
    await fill(database, DAYS + 60)
    year = Year(database_url, here, post_at, start, random.Random(f"{zone} {database_url[:6]}"))  # noqa: S311
    with capture_logs():
        await year.pass_days(DAYS)
    async with database.reading() as session:
        rows = await posts.recent(session, 4 * DAYS)
    await database.close()
    wanted = days_from(start.astimezone(here).date(), DAYS)
    for network in year.networks:
        posted = Counter(network.world.days())
        assert set(posted.values()) == {1}
        assert set(wanted) <= posted.keys()
    assert {row.state for row in rows} == {"posted"}
    assert set(Counter(row.pitch_id for row in rows).values()) == {2}
