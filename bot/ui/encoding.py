"""A picture as a file small enough for every network."""

import io
from typing import Final

from PIL import Image

MOST: Final = 976_000  # bytes; Bluesky takes 1,000,000, some of its servers 976.56 kB


def png(picture: Image.Image) -> bytes:
    """Return ``picture`` as a PNG of at most ``MOST`` bytes; with fewer colours, then fewer pixels, if it must be."""
    file = _saved(picture)
    if len(file) > MOST:
        file = _saved(picture.quantize(256, dither=Image.Dither.NONE))
    while len(file) > MOST:
        picture = picture.reduce(2)
        file = _saved(picture.quantize(256, dither=Image.Dither.NONE))
    return file


def _saved(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=4)
    return file.getvalue()
