"""Adapters for tests: some whose weights nobody reads, and LoRA over the tiny llama."""

from pathlib import Path

from model import checkpoint
from model.adapters import CONFIG, WEIGHTS


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
