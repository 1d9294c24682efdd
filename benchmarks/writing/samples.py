"""Twenty outputs of the embedded writer, unpicked, as a page of the docs.

    python -m benchmarks.writing.samples docs/samples.md

Ten briefs, fixed here before anything was written; the seed of each is its number. For each the first pitch of a slate
of two, and the first page of that show: nothing was left out, tried again or mended by hand.
"""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import torch

from model.briefs import PitchBrief, ScriptBrief, genre, theme
from model.checkpoint import EMBEDDED
from model.drafts import Draft, PitchDraft, ScriptDraft
from model.engine import generate
from model.engines.transformers_engine import TransformersDecoder
from model.genres import GenreWords
from model.originality import TitleIndex
from model.screenplay import lines
from model.writer import Writer

BRIEFS: Final = (
    *(("comedy", "time travel"), ("horror", "haunted house"), ("crime", "bank robbery"), ("romance", "summer")),
    *(("science fiction", "space station"), ("fantasy", "dragon"), ("mystery", "lighthouse"), ("drama", "inheritance")),
    *(("family", "puppy"), ("western", "gold")),
)
_HEAD: Final = """# Twenty samples, unpicked

Written by `{name}` with `python -m benchmarks.writing.samples docs/samples.md`: ten briefs, the seed of each its
number, of a slate of two the first pitch, and the first page of that show. Nothing was left out, tried again or mended.
What is bad about them stands in the [model card](../model/embedded/README.md).
"""


async def written(writer: Writer, brief: PitchBrief) -> list[Draft]:
    """Return the first pitch of the slate and the page of that show."""
    pitch, *_ = await generate(writer, brief)
    assert isinstance(pitch, PitchDraft)  # noqa: S101 -- a slate brings nothing else
    page = await generate(writer, ScriptBrief(title=pitch.title, summary=pitch.summary, seed=brief.seed))
    return [pitch, *page]


def told(drafts: list[Draft]) -> Iterator[str]:
    """Yield the drafts as Markdown."""
    for draft in drafts:
        match draft:
            case PitchDraft(title=title, summary=summary):
                yield f"**{title}** {summary}"
            case ScriptDraft(script):
                yield f"```\n{lines(script.elements)}\n```"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("to", type=Path)
    parser.add_argument("--model", type=Path, default=EMBEDDED)
    options = parser.parse_args()
    torch.set_num_threads(1)
    titles, genres = TitleIndex.load(EMBEDDED / "titles.trie"), GenreWords.load(EMBEDDED / "genres.json")
    with closing(TransformersDecoder.load(options.model, threads=1)) as decoder:
        parts = [_HEAD.format(name=decoder.name)]
        for seed, (its_genre, its_theme) in enumerate(BRIEFS):
            brief = PitchBrief(genre=genre(its_genre), theme=theme(its_theme), count=2, seed=seed)
            drafts = asyncio.run(written(Writer(decoder, titles, genres), brief))
            parts += [f"## {its_genre}: {its_theme}", *told(drafts)]
    options.to.write_text("\n\n".join(parts) + "\n", "utf-8")


if __name__ == "__main__":
    main()
