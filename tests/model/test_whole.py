"""Architectures that are not written out here: transformers computes, our loop writes."""

import warnings
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, GPTNeoXConfig, GPTNeoXForCausalLM

from model import checkpoint, tasks
from model.checkpoint import BrokenCheckpointError
from model.decoder import Halt, Sampling
from model.engines.transformers_engine import TransformersDecoder
from model.engines.whole import WholeRunner
from model.tasks import Span
from tests.model import tiny

PROMPT = (Span("TITLE: she tells it"),)
GREEDY = Sampling(temperature=0, max_tokens=30)
FREE = Sampling(temperature=1, max_tokens=30)


def neox(size: int) -> GPTNeoXForCausalLM:
    torch.manual_seed(2)
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    ends: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 0, "vocab_size": size}
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(num_attention_heads=2, max_position_embeddings=tiny.CONTEXT, **sizes, **ends)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = tiny.tokenizer()
    words.save_pretrained(tmp_path / "neox")
    neox(len(words)).save_pretrained(tmp_path / "neox")
    return tmp_path / "neox"


@pytest.fixture
async def decoder(folder: Path) -> AsyncGenerator[TransformersDecoder]:
    made = TransformersDecoder.load(folder, threads=1)
    assert isinstance(made.runner, WholeRunner)
    yield made
    made.close()


async def texts(decoder: TransformersDecoder, seeds: list[int], sampling: Sampling) -> list[str]:
    written = [""] * len(seeds)
    async for chunk in decoder.decode(PROMPT, seeds, sampling, Halt()):
        written[chunk.row] += chunk.text
    return written


async def test_greedy_text_is_that_of_the_library(decoder: TransformersDecoder, folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer(tasks.text(PROMPT), return_tensors="pt").input_ids
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=30, do_sample=False, suppress_tokens=[1], eos_token_id=0, pad_token_id=0
    )
    expected = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)[0, ids.shape[1] :]
    whole = str(tokenizer.decode(expected, skip_special_tokens=True)).rstrip("\ufffd")
    assert await texts(decoder, [1, 2], GREEDY) == [whole] * 2


async def test_rows_that_end_leave_the_others_as_they_are(decoder: TransformersDecoder) -> None:
    together = await texts(decoder, [1, 2, 3, 4, 5], FREE)
    assert [(await texts(decoder, [seed], FREE))[0] for seed in (1, 2, 3, 4, 5)] == together


async def test_what_is_likely_next_is_told(decoder: TransformersDecoder) -> None:
    likely = await decoder.likely_next("TITLE: the", 4)
    assert [chance for _, chance in likely] == sorted((chance for _, chance in likely), reverse=True)


def adapter_in(folder: Path, size: int) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lora = LoraConfig(init_lora_weights=False, target_modules=["query_key_value"], task_type="CAUSAL_LM")
        get_peft_model(neox(size), lora).save_pretrained(str(folder))
    checkpoint.write(folder, folder.name)
    return folder


def lacks_weights(adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file(dict(list(weights.items())[1:]), adapter / "adapter_model.safetensors", {"format": "pt"})


def is_another_shape(adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name: torch.zeros(3, 3) for name in weights}, adapter / "adapter_model.safetensors", {"format": "pt"})


def is_for_other_layers(adapter: Path) -> None:
    settings = adapter / "adapter_config.json"
    settings.write_text(settings.read_text().replace("query_key_value", "c_attn"))


def is_torn(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").write_bytes(b"torn")


@pytest.mark.parametrize("damage", [lacks_weights, is_another_shape, is_for_other_layers, is_torn])
@pytest.mark.parametrize("dressed", [False, True], ids=["first", "second"])
async def test_a_refused_adapter_leaves_the_model_as_it_was(
    decoder: TransformersDecoder, tmp_path: Path, damage: Callable[[Path], None], *, dressed: bool
) -> None:
    size = len(tiny.tokenizer())
    plain = (await texts(decoder, [1], FREE))[0]
    worn = decoder
    if dressed:
        worn = decoder.wearing(await decoder.load_adapter(adapter_in(tmp_path / "community", size)))
    before = (await texts(worn, [1], FREE))[0]
    broken = adapter_in(tmp_path / "broken", size)
    damage(broken)
    checkpoint.write(broken, "broken")
    with pytest.raises(BrokenCheckpointError):
        await decoder.load_adapter(broken)
    assert (await texts(worn, [1], FREE))[0] == before
    assert (await texts(decoder, [1], FREE))[0] == plain
    mended = await decoder.load_adapter(adapter_in(tmp_path / "mended" / "broken", size))
    assert (await texts(decoder.wearing(mended), [1], FREE))[0] != plain


async def test_a_name_that_is_worn_still_is_hung_anew_or_refused(decoder: TransformersDecoder, tmp_path: Path) -> None:
    size = len(tiny.tokenizer())
    plain = (await texts(decoder, [1], FREE))[0]
    await decoder.load_adapter(adapter_in(tmp_path / "community", size))
    broken = adapter_in(tmp_path / "broken" / "community", size)
    is_another_shape(broken)
    checkpoint.write(broken, "community")
    with pytest.raises(BrokenCheckpointError):
        await decoder.load_adapter(broken)
    assert (await texts(decoder, [1], FREE))[0] == plain
    worn = decoder.wearing(await decoder.load_adapter(tmp_path / "community"))
    assert (await texts(worn, [1], FREE))[0] != plain


async def test_an_adapter_is_worn_by_who_asks_for_it(decoder: TransformersDecoder, tmp_path: Path) -> None:
    adapter = adapter_in(tmp_path / "community", len(tiny.tokenizer()))
    plain = (await texts(decoder, [1], FREE))[0]
    worn = decoder.wearing(await decoder.load_adapter(adapter))
    other = (await texts(worn, [1], FREE))[0]
    assert other != plain
    assert (await texts(decoder, [1], FREE))[0] == plain
    await decoder.drop_adapter("community")
    assert (await texts(decoder, [1], FREE))[0] == plain
