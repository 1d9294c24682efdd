"""What lies where below the folder of the measurements: environments, and ``shapes/SHAPE/`` with what is named here."""

from pathlib import Path
from typing import Final

SHAPES: Final = ("llama24", "gpt2")
VOCABULARY: Final = {"llama24": 8192, "gpt2": 50257}
CHECKPOINT: Final = "checkpoint"  # of Hugging Face
CTRANSLATE2: Final = "ctranslate2"
GENAI: Final = "genai"
GGUF: Final = "q8_0.gguf"


def shape(below: Path, name: str) -> Path:
    """Return the folder of a shape."""
    return below / "shapes" / name
