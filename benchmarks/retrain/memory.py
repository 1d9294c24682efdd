"""What a retraining takes of memory, computed from the shapes of models: a table.

python -m benchmarks.retrain.memory
"""

from typing import Final

from transformers import AutoConfig, GPT2Config, GPTJConfig

from model.checkpoint import EMBEDDED
from training.memory import need
from training.recipe import Recipe

_GB: Final = 1e9
GPU: Final = {"precision": "bf16", "checkpointing": True, "batch": 1}
ROWS: Final = (
    ("embedded writer, fp32 on a CPU", AutoConfig.from_pretrained(EMBEDDED), {"batch": 8, "precision": "fp32"}, "cpu"),
    ("GPT-2, fp32 on a CPU", GPT2Config(), {"batch": 4, "precision": "fp32"}, "cpu"),
    ("GPT-J-6B, `lora8`, checkpointing", GPTJConfig(), {**GPU, "method": "lora8"}, "cuda"),
    ("GPT-J-6B, `lora8`, checkpointing", GPTJConfig(), {**GPU, "method": "lora8", "batch": 4}, "cuda"),
    ("GPT-J-6B, `qlora`, checkpointing", GPTJConfig(), {**GPU, "method": "qlora"}, "cuda"),
    ("GPT-J-6B, `lora` in bf16, checkpointing", GPTJConfig(), GPU, "cuda"),
)


def main() -> None:
    """Print the table."""
    print("| model | pairs at once | frozen weights | what learns | a batch | in all |\n|---|---|---|---|---|---|")
    for name, config, asked, on in ROWS:
        recipe = Recipe(base=str(EMBEDDED), **asked)  # type: ignore[arg-type]
        found = need(recipe, rows=2 * recipe.batch, length=512, on=on, config=config)
        parts = (found.frozen, found.learning, found.batch, found.total)
        print(f"| {name} | {recipe.batch} | " + " | ".join(f"{part / _GB:.2f} GB" for part in parts) + " |")


if __name__ == "__main__":
    main()
