from collections.abc import Iterator

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from model import checkpoint, tasks
from model.briefs import PitchBrief, ScriptBrief, genre, theme
from model.decoder import Halt
from model.drafts import ScriptDraft
from model.engine import generate
from model.engines.transformers_engine import TransformersDecoder
from model.originality import TitleIndex
from model.writer import SAMPLING, Writer

SLATE = (("comedy", "time travel"), ("crime", "bank robbery"), ("fantasy", "dragon"), ("drama", "family secret"))


@pytest.fixture(scope="module")
def decoder() -> Iterator[TransformersDecoder]:
    loaded = TransformersDecoder.load(checkpoint.EMBEDDED, threads=1)
    yield loaded
    loaded.close()


async def rows(decoder: TransformersDecoder, brief: PitchBrief) -> list[str]:
    texts = [""] * brief.count
    async for chunk in decoder.decode(tasks.prompt(brief), range(brief.count), SAMPLING[PitchBrief], Halt()):
        texts[chunk.row] += chunk.text
    return texts


def readable(brief: PitchBrief, text: str) -> bool:
    try:
        tasks.parse(brief, text)
    except tasks.UnreadableError:
        return False
    return True


def test_the_embedded_checkpoint_is_what_its_manifest_says() -> None:
    manifest = checkpoint.verify(checkpoint.EMBEDDED)
    assert manifest.format_version == tasks.FORMAT_VERSION
    assert {"recipe", "scores", "data"} <= set(manifest.facts)


def test_the_embedded_checkpoint_stays_small() -> None:
    files = [path for path in checkpoint.EMBEDDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    assert all(path.stat().st_size <= 15_000_000 for path in files)


def test_the_embedded_checkpoint_loads_with_the_stock_classes() -> None:
    model = AutoModelForCausalLM.from_pretrained(checkpoint.EMBEDDED)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.EMBEDDED)
    assert model.config.model_type == "llama"
    assert model.dtype == torch.bfloat16
    assert tokenizer.eos_token == "<|end|>"
    assert tokenizer.decode(tokenizer.encode("ANNA (low): No.\nBEN: Yes?")) == "ANNA (low): No.\nBEN: Yes?"


@pytest.mark.parametrize(
    "marker",
    ["GENRE", "THEME", "TITLE", "SUMMARY", "DIALOG", "SCRIPT", "CAST", "INT", "EXT", ": ", "\n", "[", "(", " NIGHT"],
)
def test_the_format_s_markers_are_single_tokens(marker: str) -> None:
    assert len(AutoTokenizer.from_pretrained(checkpoint.EMBEDDED).encode(marker)) == 1


def test_its_model_card_tells_data_recipe_scores_and_limits() -> None:
    card = (checkpoint.EMBEDDED / "README.md").read_text(encoding="utf-8")
    for heading in ("## Data", "## Recipe", "## Scores", "## Limits"):
        assert heading in card


def test_the_index_knows_titles_that_exist() -> None:
    titles = TitleIndex.load(checkpoint.EMBEDDED / "titles.trie")
    assert len(titles) > 40_000
    assert titles.taken("The Matrix")


async def test_at_least_nineteen_of_twenty_rows_of_a_slate_parse(decoder: TransformersDecoder) -> None:
    briefs = [PitchBrief(genre=genre(its_genre), theme=theme(its_theme), count=5) for its_genre, its_theme in SLATE]
    written = [(brief, text) for brief in briefs for text in await rows(decoder, brief)]
    assert sum(readable(brief, text) for brief, text in written) >= 19


async def test_a_slate_has_five_new_titles_and_the_first_gets_a_script(decoder: TransformersDecoder) -> None:
    titles = TitleIndex.load(checkpoint.EMBEDDED / "titles.trie")
    writer = Writer(decoder, titles)
    slate = await generate(writer, PitchBrief(genre=genre("comedy"), theme=theme("wedding"), seed=1))
    assert len({draft.title for draft in slate if not isinstance(draft, ScriptDraft) and hasattr(draft, "title")}) == 5
    (draft,) = await generate(writer, ScriptBrief(title="Two Left Shoes", summary="A baker and a thief fall in love."))
    assert isinstance(draft, ScriptDraft)
    assert len(draft.script.cast) >= 1
