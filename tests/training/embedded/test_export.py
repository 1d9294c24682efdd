import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from model import checkpoint, tasks
from model.briefs import PitchBrief, Theme, genre, theme
from model.genres import GenreWords
from model.originality import TitleIndex
from tests.training.invented import library
from training import titles
from training.embedded.embed import embed, save_shards
from training.embedded.make import make, polish, publish
from training.embedded.network import fresh
from training.embedded.prepare import documents, prepare
from training.embedded.pretrain import UnfinishedError, shape, train
from training.embedded.recipe import Recipe
from training.embedded.schedule import plan
from training.embedded.score import score
from training.embedded.tokenizer import END, encode, learn, load
from training.examples import held_out
from training.recipe import Preparation
from training.sources import streaming
from training.themes import candidates

TINY = Recipe(
    vocabulary=320, width=32, layers=1, heads=2, hidden=48, context=128, row=64, micro_batch=2, accumulate=1, steps=4,
    polish_steps=2, polish_mix=(("pitch", 1.0, 1.0),),
    preparation=Preparation(publishable=True, modern=True, words=150, draws=3),
)  # fmt: skip


def some_themes(summaries: object, _cache: Path) -> list[tuple[Theme, ...]]:
    return [tuple(Theme(phrase) for phrase in candidates(text)[:3]) for text in summaries]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    prepare(library(folder / "data"), folder / "cache", TINY, find_themes=some_themes)
    return folder


@pytest.fixture(scope="module")
def embedded(prepared: Path) -> Path:
    cache = prepared / "cache"
    network = train(TINY, plan(TINY, documents(cache, "train")), prepared / "run", dtype=torch.float32)
    table = prepared / "titles.tsv"
    table.write_text("title\tkind\nTin Moon\tmovie\nGlass Harbor\ttv\n")
    titles.build(table, cache / "titles.trie")
    embed(
        network,
        load(cache),
        prepared / "embedded",
        name="tiny",
        beside=[cache / "titles.trie"],
        card="# Tiny\n",
        steps=4,
    )
    return prepared / "embedded"


def test_prepared_documents_tell_what_they_are_made_of(prepared: Path) -> None:
    facts = json.loads((prepared / "cache/prepared.json").read_text())
    assert facts["train.pitch"]["works"] + facts.get("held-out.pitch", {"works": 0})["works"] <= 60
    assert set(facts["licences"]) == {"plays", "prose", "streaming"}
    for task, found in documents(prepared / "cache", "train").items():
        assert facts[f"train.{task}"]["positions"] == sum(map(len, found))


def test_no_work_is_on_both_sides(prepared: Path) -> None:
    tokenizer = load(prepared / "cache")
    kept = {row.title for row in streaming.read(prepared / "data/streaming") if held_out(row.title)}
    assert kept
    learnt = [tokenizer.decode(found.tokens.tolist()) for found in documents(prepared / "cache", "train")["pitch"]]
    assert not any(f"TITLE: {title}\n" in text for title in kept for text in learnt)


def test_the_export_loads_with_the_stock_classes(embedded: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(embedded)
    tokenizer = AutoTokenizer.from_pretrained(embedded)
    assert model.dtype == torch.bfloat16
    assert model.config.max_position_embeddings == 128
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model(torch.tensor([tokenizer.encode("GENRE: ")])).logits.isfinite().all()


def test_the_export_is_whole_and_small(embedded: Path) -> None:
    manifest = checkpoint.verify(embedded)
    assert manifest.name == "tiny"
    assert manifest.facts["steps"] == 4
    assert TitleIndex.load(embedded / "titles.trie").taken("The Tin Moon")


def test_an_export_replaces_the_one_before_and_leaves_nothing_beside_it(prepared: Path, tmp_path: Path) -> None:
    cache, folder = prepared / "cache", tmp_path / "here"
    folder.mkdir()
    (folder / "old.txt").write_text("from before")
    network = fresh(shape(TINY), 1)
    trie = tmp_path / "some.trie"
    trie.write_bytes(b"any")
    embed(network, load(cache), folder, name="new", beside=[trie], card="")
    assert not (folder / "old.txt").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "some.trie"]


def test_the_whole_way_from_data_to_card(prepared: Path, embedded: Path) -> None:
    (prepared / "data/titles").mkdir(exist_ok=True)
    (prepared / "data/titles/titles.tsv").write_text("title\tkind\nTin Moon\tmovie\n")
    scores = make(prepared / "data", prepared, prepared / "made", TINY)
    manifest = checkpoint.verify(prepared / "made")
    assert manifest.facts["scores"] == {"bits per byte": scores}
    assert manifest.facts["run"]["steps"] == TINY.steps  # type: ignore[index]
    assert GenreWords.load(prepared / "made/genres.json").fit(genre("comedy"), "nothing of this is known") == 0
    text = (prepared / "made/README.md").read_text()
    assert f"{scores['pitch']:.2f}" in text
    assert "| pitch | train |" in text
    assert manifest.facts["polished"]["steps"] == TINY.polish_steps  # type: ignore[index]
    assert (embedded / "model.safetensors").read_bytes() != (prepared / "made/model.safetensors").read_bytes()
    made = (prepared / "made/model.safetensors").read_bytes()
    make(prepared / "data", prepared, prepared / "made", TINY)  # everything is there: it is only published again
    assert (prepared / "made/model.safetensors").read_bytes() == made


def test_a_run_that_is_not_finished_is_neither_polished_nor_published(prepared: Path, tmp_path: Path) -> None:
    for work in (lambda: polish(prepared / "cache", tmp_path), lambda: publish(prepared / "cache", tmp_path, tmp_path)):
        with pytest.raises(UnfinishedError):
            work()


def test_the_card_shows_models_beside_what_people_wrote(prepared: Path) -> None:
    figures = {"models": {"v0": {"parse": 0.9}, "v1": {"parse": 1.0, "turns": 9}}, "held-out works": {"turns": 8}}
    publish(prepared / "cache", prepared / "run", prepared / "shown", written=figures, limits="## Limits\n\nMany.\n")
    text = (prepared / "shown/README.md").read_text()
    assert "| | v0 | v1 | people |" in text
    assert "| parse | 0.9 | 1.0 |  |" in text
    assert "| turns |  | 9 | 8 |" in text
    assert text.rstrip().endswith("Many.")


def test_weights_are_sharded_below_the_limit_with_an_index(tmp_path: Path) -> None:
    weights = {f"w{number}": torch.zeros(100, dtype=torch.bfloat16) for number in range(10)}
    save_shards(weights, tmp_path, limit=450)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == 2000
    assert set(index["weight_map"].values()) == {path.name for path in tmp_path.glob("*.safetensors")}
    assert len(set(index["weight_map"].values())) == 5


def test_scores_are_bits_per_byte_of_held_out_works(prepared: Path, embedded: Path) -> None:
    found = score(embedded, prepared / "cache", limit=3)
    assert "pitch" in found
    assert all(0 < bits < 20 for bits in found.values())


def test_a_prompt_encoded_span_by_span_is_the_prompt_encoded_whole() -> None:
    tokenizer = learn(['GENRE: comedy\nTHEME: lost goat\nTITLE: The Goat\'s Due\nANNA (low): Well, "no".'] * 9, 300)
    prompt = tasks.prompt(PitchBrief(genre=genre("comedy"), theme=theme("a goat, lost at 12!")))
    apart = [number for span in prompt for number in tokenizer.encode(span.text).ids]
    assert apart == tokenizer.encode(tasks.text(prompt)).ids


def test_a_document_is_prompt_completion_and_end_marker(prepared: Path) -> None:
    tokenizer = load(prepared / "cache")
    for document in documents(prepared / "cache", "train")["pitch"][:5]:
        text = tokenizer.decode(document.tokens.tolist(), skip_special_tokens=False)
        assert text.endswith(END)
        assert tokenizer.decode(document.tokens[: document.scored_from].tolist()).endswith("\nTITLE:")
    assert encode(tokenizer, []) == []
    assert shape(TINY).head_width == 16
