"""Adapters for tests: some whose weights nobody reads, and LoRA over the tiny llama."""

from contextlib import aclosing
from pathlib import Path

from model import checkpoint
from model.adapters import CONFIG, WEIGHTS, Store
from model.briefs import Brief, PitchBrief, genre, theme
from model.drafts import Draft
from model.engine import Drafted, Engine, Finished
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.writer import Writer

BRIEF = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=2, seed=3)
Written = tuple[str, tuple[Draft, ...]]


def adapter(folder: Path, name: str, weights: bytes = b"weights", **facts: object) -> Path:
    """Write an adapter ``name`` that is whole, as training would, for decoders that read no weights; return it."""
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(weights)
    (folder / CONFIG).write_text('{"peft_type": "LORA"}')
    (folder / "README.md").write_text(f"# {name}")
    checkpoint.write(folder, name, **facts)
    return folder


def damage(folder: Path) -> None:
    """Change a byte of the weights in ``folder``."""
    weights = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))


def writer(decoder: FakeDecoder, store: Store | None) -> Writer:
    """Return a writer with a store and no titles."""
    return Writer(decoder, TitleIndex.of([]), store=store)


async def written(engine: Engine, brief: Brief = BRIEF) -> Written:
    """Return which model wrote, and what."""
    drafts: dict[int, Draft] = {}
    async with aclosing(engine.stream(brief)) as events:
        async for event in events:
            match event:
                case Drafted(slot, draft):
                    drafts[slot] = draft
                case Finished(model=model):
                    return model, tuple(drafts[slot] for slot in sorted(drafts))
    raise AssertionError("no end")
