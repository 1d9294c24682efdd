from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.model.completions_contract import CompletionsContract
from tests.model.completions_double import Double, serving
from tests.model.completions_model import CONTEXT, TinyModel, write_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def tiny_model(folder: Path) -> TinyModel:
    return TinyModel(folder)


@pytest.fixture
def double(tiny_model: TinyModel) -> Double:
    return Double(write=tiny_model.write, load=tiny_model.load, context=CONTEXT)


@pytest.fixture
async def address(double: Double) -> AsyncGenerator[str]:
    async with serving(double) as address:
        yield address


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers for it
class TestDouble(CompletionsContract):
    """The contract, kept over the double."""
