import io
import random
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from bot.networks import picture, wording
from bot.networks.asking import retry_at
from model.briefs import GENRES
from tests.bot.test_networks_bluesky import PIXEL

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"retry-after": "90"}, NOW + timedelta(seconds=90)),
        ({"retry-after": "Sat, 21 Nov 2026 12:30:00 GMT"}, NOW + timedelta(minutes=30)),
        ({"ratelimit-reset": "2000"}, datetime.fromtimestamp(2000, UTC)),
        ({"x-ratelimit-reset": "2026-11-21T13:00:00.123Z"}, NOW + timedelta(hours=1, microseconds=123000)),
        ({"x-ratelimit-reset": "2026-11-21T13:00:00"}, NOW + timedelta(hours=1)),
        ({"retry-after": "60", "ratelimit-reset": "2000"}, NOW + timedelta(minutes=1)),
        ({"retry-after": "soon", "ratelimit-reset": "later", "x-ratelimit-reset": "9" * 30}, None),
        ({"retry-after": "9" * 30}, None),
    ],
)
def test_the_headers_say_when_to_come_back(headers: dict[str, str], wanted: datetime | None) -> None:
    assert retry_at(headers, NOW) == wanted


def test_every_genre_has_hashtags_that_are_one_word() -> None:
    for genre in GENRES:
        tags = wording.hashtags(genre, wording.MADE_WITH_AI)
        assert len(tags) >= 2
        assert all(tag.isalnum() for tag in tags)
    assert wording.hashtags("space opera") == ("SpaceOpera",)
    assert wording.hashtags("*") == ()


def test_a_picture_that_is_small_enough_stays_as_it_is() -> None:
    assert picture.fitted(PIXEL, len(PIXEL)) == (PIXEL, "image/png")
    assert picture.size(PIXEL) == (1, 1)
    assert picture.size(b"\x89PNG picture") is None


@pytest.mark.parametrize("most", [60_000, 6_000])
def test_a_picture_that_is_too_large_becomes_a_jpeg_that_fits(most: int) -> None:
    noise = Image.frombytes("RGB", (300, 200), random.Random(7).randbytes(300 * 200 * 3))  # noqa: S311 - a picture
    file = io.BytesIO()
    noise.save(file, "PNG")
    fitted, kind = picture.fitted(file.getvalue(), most)
    assert (kind, len(fitted) <= most) == ("image/jpeg", True)
    with Image.open(io.BytesIO(fitted)) as image:
        assert image.format == "JPEG"


def test_a_picture_that_never_fits_is_left_to_the_network() -> None:
    assert picture.fitted(PIXEL, 10) == (PIXEL, "image/png")
