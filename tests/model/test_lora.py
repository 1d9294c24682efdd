"""Adapters over our networks against peft, alone and mixed in one batch."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from model import checkpoint
from model.checkpoint import BrokenCheckpointError
from model.decoder import Halt, Sampling
from model.engines import AdapterMissingError
from model.engines.lora import Wardrobe
from model.engines.networks import network
from model.engines.slots import SlotRunner
from model.engines.transformers_engine import TransformersDecoder
from model.tasks import Span
from tests.model import tiny

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),  # peft asks transformers for it
]
ALL = {
    "llama": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    "gpt2": ["c_attn", "c_proj", "c_fc"],
    "gptj": ["q_proj", "k_proj", "v_proj", "out_proj", "fc_in", "fc_out"],
}
WORDS = 303
PROMPT = (Span("TITLE: the sea"),)
FREE = Sampling(temperature=1.0, max_tokens=20)


def write(folder: Path, kind: str, seed: int, **settings: object) -> Path:
    """Write an adapter with random weights over the tiny model of ``kind``."""
    asked: dict[str, Any] = {"target_modules": ALL[kind], "r": 2 + seed % 3, "lora_alpha": 7, **settings}
    torch.manual_seed(seed)
    lora = LoraConfig(init_lora_weights=False, fan_in_fan_out=kind == "gpt2", task_type="CAUSAL_LM", **asked)
    get_peft_model(tiny.model(kind, WORDS), lora).save_pretrained(str(folder))
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({name: weight * 4 for name, weight in weights.items()}, folder / "adapter_model.safetensors")
    checkpoint.write(folder, folder.name)
    return folder


@pytest.fixture(params=sorted(ALL))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folders(tmp_path: Path, kind: str) -> list[Path]:
    some = ALL[kind][:2]
    return [
        write(tmp_path / "all", kind, 1),
        write(tmp_path / "some", kind, 2, target_modules=some, use_rslora=True),
        write(tmp_path / "patterned", kind, 3, rank_pattern={some[0]: 5}, alpha_pattern={some[0]: 11}),
    ]


def runner(model: PreTrainedModel) -> SlotRunner:
    made = network(model, "fp32")
    assert made is not None
    return SlotRunner(made, Wardrobe(), budget=1 << 26, rows=8)


def scored(made: SlotRunner, ids: list[int], worn: list[str | None]) -> torch.Tensor:
    """Return the scores after every token behind the tenth, [adapter, token, word]."""
    seats = []
    for name in worn:
        reading = made.begin(ids[:10], name)
        while reading.scores is None:
            made.read(reading)
        seat = made.seat(reading, tiny.CONTEXT)
        assert seat is not None
        seats.append(seat)
    scores = torch.stack([made.step(seats, [token] * len(seats)) for token in ids[10:]], 1)
    for seat in seats:
        made.leave(seat)
    return scores


def expected(model: PreTrainedModel, folder: Path | None, ids: list[int]) -> torch.Tensor:
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        adapted: Any = model if folder is None else PeftModel.from_pretrained(model, folder)
        scores: torch.Tensor = adapted.eval()(torch.tensor([ids])).logits[0, 10:]
    return scores


def test_each_row_of_a_batch_wears_its_own(kind: str, folders: list[Path]) -> None:
    ids = torch.randint(WORDS, (60,), generator=torch.Generator().manual_seed(1)).tolist()
    made = runner(tiny.model(kind, WORDS))
    for folder in folders:
        made.hang(folder.name, made.prepare(folder))
    worn: list[tuple[str | None, Path | None]] = [(None, None), *((folder.name, folder) for folder in folders)]
    mixed = scored(made, ids, [name for name, _ in worn])
    plain = expected(tiny.model(kind, WORDS), None, ids)
    for (name, path), scores in zip(worn, mixed, strict=True):
        theirs = expected(tiny.model(kind, WORDS), path, ids)
        assert (scores - theirs).abs().max() < 1e-4
        assert (scored(made, ids, [name])[0] - theirs).abs().max() < 1e-4
        assert path is None or (theirs - plain).abs().max() > 1e-2


def test_a_prompt_remembered_with_one_adapter_is_not_taken_for_another(kind: str, folders: list[Path]) -> None:
    made = runner(tiny.model(kind, WORDS))
    made.hang("worn", made.prepare(folders[0]))
    ids = list(range(20, 60))
    plain = scored(made, ids, [None])
    first = scored(made, ids, ["worn"])
    made.hang("worn", made.prepare(folders[1]))
    second = scored(made, ids, ["worn"])
    assert torch.equal(scored(made, ids, [None]), plain)
    assert not torch.allclose(first, second)
    assert torch.allclose(second[0], expected(tiny.model(kind, WORDS), folders[1], ids), atol=1e-4)


@pytest.fixture
def decoder(tmp_path: Path) -> Iterator[TransformersDecoder]:
    made = TransformersDecoder.load(tiny.write(tmp_path / "base", "llama"), threads=1)
    yield made
    made.close()


async def text(decoder: TransformersDecoder) -> str:
    return "".join([chunk.text async for chunk in decoder.decode(PROMPT, [4], FREE, Halt())])


async def test_an_adapter_is_loaded_worn_and_dropped_while_others_write(
    decoder: TransformersDecoder, tmp_path: Path
) -> None:
    plain = await text(decoder)
    stream = decoder.decode(PROMPT, [4], FREE, Halt())
    begun = (await anext(stream)).text
    assert await decoder.load_adapter(write(tmp_path / "community", "llama", 5)) == "community"
    worn = decoder.wearing("community")
    assert worn.name == "base+community"
    assert await text(worn) != plain
    assert begun + "".join([chunk.text async for chunk in stream]) == plain
    assert worn.wearing(None).name == decoder.name == "base"
    await decoder.drop_adapter("community")
    with pytest.raises(AdapterMissingError):
        decoder.wearing("community")
    assert await text(decoder) == plain


@pytest.mark.parametrize(
    ("settings", "said"), [({"use_dora": True}, "use_dora"), ({"modules_to_save": ["lm_head"]}, "modules_to_save")]
)
async def test_what_is_no_plain_lora_is_refused(
    decoder: TransformersDecoder, tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(BrokenCheckpointError, match=said):
        await decoder.load_adapter(write(tmp_path / "strange", "llama", 1, **settings))


async def test_an_adapter_of_another_model_or_a_damaged_one_is_refused(
    decoder: TransformersDecoder, tmp_path: Path
) -> None:
    with pytest.raises(BrokenCheckpointError, match="another model"):
        await decoder.load_adapter(write(tmp_path / "gptj", "gptj", 1))
    damaged = write(tmp_path / "damaged", "llama", 1)
    weights = damaged / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(BrokenCheckpointError, match="truncated"):
        await decoder.load_adapter(damaged)
    (damaged / "manifest.json").unlink()
    with pytest.raises(BrokenCheckpointError, match="unreadable"):
        await decoder.load_adapter(damaged)
    assert await text(decoder)


def test_matrices_that_do_not_fit_are_refused_before_anybody_wears_them(tmp_path: Path) -> None:
    made = runner(tiny.model("llama", WORDS))
    folder = write(tmp_path / "a", "llama", 1)
    good = load_file(folder / "adapter_model.safetensors")
    key = next(name for name in good if "lora_A" in name)
    other = key.replace("lora_A", "lora_B")
    rank, inside = good[key].shape
    wrong = {
        "wider": {key: torch.randn(rank, 2 * inside)},
        "another rank": {key: torch.randn(rank + 1, inside)},
        "no rank": {key: torch.randn(0, inside), other: torch.randn(len(good[other]), 0)},
        "a row": {key: torch.randn(inside)},
    }
    for name, change in wrong.items():
        save_file({**good, **change}, folder / "adapter_model.safetensors")
        with pytest.raises(BrokenCheckpointError, match="another model"):
            made.prepare(folder)
        assert name
    save_file({}, folder / "adapter_model.safetensors")
    with pytest.raises(BrokenCheckpointError, match="nothing in it"):
        made.prepare(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"lora_alpha": None},
        {"lora_alpha": "much"},
        {"lora_alpha": float("inf")},
        {"alpha_pattern": {"(": 3}},
        {"alpha_pattern": [3]},
    ],
)
def test_a_configuration_without_a_usable_scale_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = write(tmp_path / "a", "llama", 1)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(BrokenCheckpointError, match="no scale"):
        runner(tiny.model("llama", WORDS)).prepare(folder)
