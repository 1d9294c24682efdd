"""A picture within what a network takes: as it is, else as JPEG, as fine as fits."""

import io
import struct
from typing import Final

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_QUALITIES: Final = (92, 85, 75, 60)
_SMALLEST: Final = 64  # pixels; below that a picture shows nothing


def fitted(picture: bytes, most: int) -> tuple[bytes, str]:
    """Return ``picture`` (PNG) in at most ``most`` bytes, with its media type; one that never fits comes as it is."""
    if len(picture) <= most:
        return picture, PNG
    return _as_jpeg(picture, most) or (picture, PNG)


def size(picture: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None where this is no PNG."""
    if not picture.startswith(_SIGNATURE) or len(picture) < 24:
        return None
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def _as_jpeg(picture: bytes, most: int) -> tuple[bytes, str] | None:
    from PIL import Image  # noqa: PLC0415 – only the few pictures that are too large need it

    with Image.open(io.BytesIO(picture)) as opened:
        image = opened.convert("RGB")
    while min(image.size) >= _SMALLEST:
        for quality in _QUALITIES:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= most:
                return file.getvalue(), JPEG
        image = image.resize((image.width * 3 // 4, image.height * 3 // 4))
    return None
