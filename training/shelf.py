"""The collected screenplays: what a page holds, and the file in which each is kept once."""

import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from scrapy.selector import Selector
from tqdm import tqdm

from training.sources.imsdb import decoded

_LEAST: Final = 1000  # characters; less is a notice, not a screenplay
_TYPED: Final = (
    ".//text()[not(ancestor::script or ancestor::style or ancestor::table[ancestor::td[contains(@class, 'scrtext')]])]"
    " | .//br | .//p"
)


@dataclass(slots=True, kw_only=True)
class Shelf:
    """The file of screenplays: a row is whole on disk before the next page is asked for, and none is there twice."""

    file: BinaryIO
    limit: int | None
    progress: "tqdm[Any]"
    _known: set[str] = field(default_factory=set)
    _rows: int = 0

    @classmethod
    def opened(cls, path: Path, limit: int | None) -> Self:
        """Open the file to go on with it; a last row that a kill had cut off is dropped."""
        shelf = cls(file=path.open("a+b"), limit=limit, progress=tqdm(total=limit, unit=" screenplays", disable=None))
        shelf.file.seek(0)
        whole = 0
        for line in shelf.file:
            if line.endswith(b"\n"):
                whole += len(line)
                shelf._note(json.loads(line))
        shelf.file.truncate(whole)
        return shelf

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self.limit is not None and self._rows >= self.limit

    def has(self, address: str) -> bool:
        """Say whether the screenplay at ``address`` is here."""
        return address in self._known

    def add(self, row: dict[str, Any]) -> None:
        """Write the row, unless its address or its text is here already."""
        if not self.full and not {row["url"], _digest(row["text"])} & self._known:
            self.file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            self._note(row)

    def close(self) -> None:
        """Close the file."""
        self.progress.close()
        self.file.close()

    def _note(self, row: dict[str, Any]) -> None:
        self._known |= {row["url"], _digest(row["text"])}
        self._rows += 1
        self.progress.update()


def _digest(text: str) -> str:
    return sha256(" ".join(text.split()).encode()).hexdigest()


def count(path: Path) -> int:
    """Return how many screenplays the file holds; none if it is not there."""
    if not path.is_file():
        return 0
    with path.open("rb") as lines:
        return sum(line.endswith(b"\n") for line in lines)


def typed(page: bytes) -> str:
    """Return the screenplay of a script page as it was typed, every column kept; empty where there is none."""
    html = Selector(text=decoded(page), type="html")
    blocks = [*html.css("td.scrtext pre"), *html.css("td.scrtext"), *html.css("pre")]
    texts = ("".join(_text(part) for part in block.xpath(_TYPED)) for block in blocks)
    return next((text for text in texts if len(text.strip()) >= _LEAST), "").strip("\r\n")


def _text(part: Selector) -> str:
    return part.root if isinstance(part.root, str) else "\n"  # an element is a break
