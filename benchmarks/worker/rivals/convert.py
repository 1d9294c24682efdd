"""From a checkpoint to what CTranslate2, llama.cpp and onnxruntime-genai read, beside it; 8 bits each.

    ENVIRONMENT/bin/python -m benchmarks.worker.rivals.convert --shape FOLDER

``FOLDER`` is that of a shape; the environment is ``convert`` of :mod:`benchmarks.worker.environments`. What is there
already is left alone.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.worker.folders import CHECKPOINT, CTRANSLATE2, GENAI, GGUF


def ctranslate2(shape: Path) -> None:
    """Write ``ctranslate2/``: weights in int8.

    It wants to know the special tokens and takes one of ours for them; whoever runs it must ask for a least length.
    """
    from ctranslate2.converters import TransformersConverter  # noqa: PLC0415 -- only in that environment

    TransformersConverter(str(shape / CHECKPOINT)).convert(str(shape / CTRANSLATE2), quantization="int8")
    settings = json.loads((shape / CTRANSLATE2 / "config.json").read_text("utf-8"))
    special = {name: "!" for name, said in settings.items() if said is None and name.endswith("_token")}
    _change(shape / CTRANSLATE2 / "config.json", special)


def genai(shape: Path) -> None:
    """Write ``genai/``: int8 weights in blocks, by the model builder.

    It insists on an end of text and is given one; whoever runs it must ask for a least length.
    """
    with tempfile.TemporaryDirectory() as below:
        source, made = Path(below) / "checkpoint", Path(below) / "made"
        shutil.copytree(shape / CHECKPOINT, source)
        for name in ("config.json", "generation_config.json"):
            _change(source / name, {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0})
        words = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(source), "-o", str(made)]
        words += ["-p", "int8", "-e", "cpu", "-c", str(Path(below) / "cache")]
        subprocess.run(words, check=True)  # noqa: S603 -- the package's own program
        shutil.copytree(made, shape / GENAI)


def _change(path: Path, change: dict[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change, indent=2), "utf-8")


def gguf(shape: Path) -> None:
    """Write ``q8_0.gguf``: every matrix in blocks of 8 bits, the rest in fp32."""
    from benchmarks.worker.rivals import gguf_file  # noqa: PLC0415 -- only in that environment

    gguf_file.write(shape / CHECKPOINT, shape / GGUF)


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=Path, required=True)
    shape: Path = parser.parse_args().shape
    wanted: dict[str, Callable[[Path], None]] = {CTRANSLATE2: ctranslate2, GGUF: gguf}
    settings: dict[str, Any] = json.loads((shape / CHECKPOINT / "config.json").read_text("utf-8"))
    if settings["model_type"] == "llama":
        wanted[GENAI] = genai  # the builder knows no GPT-2
    for name, make in wanted.items():
        if not (shape / name).exists():
            make(shape)
        print(shape / name)


if __name__ == "__main__":
    main()
