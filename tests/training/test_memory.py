from pathlib import Path

import pytest
from transformers import GPTJConfig

from tests.model import tiny
from training import memory
from training.memory import NotEnoughMemoryError, need, require_memory
from training.recipe import Recipe

GIGABYTE = 1e9


def test_gpt_j_in_8_bits_learns_preferences_on_a_gpu_of_16_gigabytes() -> None:
    recipe = Recipe(base="EleutherAI/gpt-j-6b", method="lora8", batch=1, checkpointing=True, precision="bf16")
    found = need(recipe, rows=2, length=512, on="cuda", config=GPTJConfig())
    assert found.frozen == pytest.approx(6.5 * GIGABYTE, rel=0.05)
    assert found.learning == pytest.approx(0.53 * GIGABYTE, rel=0.1)
    assert found.total < 16 * GIGABYTE


def test_checkpointing_and_a_smaller_batch_take_less() -> None:
    def total(**changes: object) -> int:
        recipe = Recipe(base="", **changes)  # type: ignore[arg-type]
        return need(recipe, rows=2 * recipe.batch, length=256, on="cpu", config=GPTJConfig(n_layer=4, n_embd=256)).total

    assert total(batch=4, checkpointing=True) < total(batch=4) < total(batch=8)
    assert total(batch=4, method="qlora") < total(batch=4, method="lora8") < total(batch=4)


def test_too_little_memory_is_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(base=str(tiny.write(tmp_path, "llama")))
    require_memory(recipe, rows=8, length=64)
    monkeypatch.setattr(memory, "free", lambda: 10_000)
    with pytest.raises(NotEnoughMemoryError) as caught:
        require_memory(recipe, rows=8, length=64)
    assert caught.value.free == 10_000
    assert caught.value.needed > 10_000


def test_what_is_free_is_known() -> None:
    assert memory.free() > 1_000_000
