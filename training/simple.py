"""Fine-tune on any text and write with it: the few functions that small libraries for this had.

>>> finetune("poems.txt", "poems", epochs=3)                                # doctest: +SKIP
>>> texts = generate("poems", prefix="The sea", samples=20, batch=20)       # doctest: +SKIP
>>> write_to("more.txt", texts)                                             # doctest: +SKIP
"""

import asyncio
import errno
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from model.checkpoint import EMBEDDED
from model.continuation import Continuation, Written, continuations
from model.decoder import Decoder
from training import runs
from training.records import Text

DELIMITER: Final = "=" * 20
_SEEDS: Final = ".seeds.jsonl"


class ModelAndRunError(ValueError):
    """Both a run and a model (or an adapter) are named to write with."""


class FileStandsError(FileExistsError):
    """There is something at ``path`` already."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        self.path = path


def finetune(text: str | Path | Sequence[str], run: str, *, resume: bool = False, **recipe: Any) -> Path:  # noqa: ANN401
    """Fine-tune on a text, and return the folder of the finished run.

    ``text`` is what ``greenlit train`` reads (a file, a folder, a pattern, a CSV), or the texts themselves. ``recipe``
    is any field of :class:`training.recipe.Recipe`; the base is the embedded writer if none is named.

    >>> finetune("lyrics/*.txt", "lyrics", base="gpt2", steps=500)          # doctest: +SKIP
    PosixPath('runs/lyrics')

    Raises:
        BadRecipeError: a number makes no sense; SourceError, EmptyCorpusError: the text cannot be used.
        RunError, CheckpointError, OutOfMemoryError: see :func:`training.starting.train`.
    """
    from training.corpus import of_texts  # noqa: PLC0415 -- seconds to import
    from training.recipe import Recipe  # noqa: PLC0415
    from training.starting import train  # noqa: PLC0415

    chosen = Recipe(**{"base": str(EMBEDDED), **recipe})
    return train(run, chosen, of_texts(_texts(text)), resume=resume, said=recipe).run.folder


def _texts(text: str | Path | Sequence[str]) -> Iterable[Text]:
    from training.sources.text import read_texts  # noqa: PLC0415

    if isinstance(text, str | Path):
        return read_texts(text)
    return (Text(source="texts", work=f"text {number}", text=each) for number, each in enumerate(text, 1))


def load(run: str | None = None, *, model: str | Path | None = None, adapter: Path | None = None) -> Decoder:
    """Return what writes: a finished run, or a model with an adapter, or the writer that is set up; blocks.

    Raises:
        ModelAndRunError: both are named.
        RunError, CheckpointError, QuantizationUnavailableError: it cannot be used.
    """
    if run is None:
        return _decoder(model, adapter)
    if model is not None or adapter is not None:
        raise ModelAndRunError
    found = runs.finished(run)
    if found.facts()["kind"] == "lstm":
        from model.engines.lstm_engine import LstmDecoder  # noqa: PLC0415 -- loads torch

        return LstmDecoder.load(found.model)
    from training.judgement import weights_of  # noqa: PLC0415

    return _decoder(*weights_of(found))


def _decoder(model: str | Path | None, adapter: Path | None) -> Decoder:
    from model.serve import load_decoder  # noqa: PLC0415
    from model.settings import WorkerSettings  # noqa: PLC0415

    chosen: dict[str, Any] = {"model": str(model), "openai_url": None} if model is not None else {}
    return load_decoder(WorkerSettings(adapter=adapter, adapters=None, **chosen))


@contextmanager
def opened(
    run: str | None = None, *, model: str | Path | None = None, adapter: Path | None = None
) -> Iterator[Decoder]:
    """Give what :func:`load` returns, and end its thread afterwards."""
    decoder = load(run, model=model, adapter=adapter)
    try:
        yield decoder
    finally:
        getattr(decoder, "close", lambda: None)()


def generate(  # noqa: PLR0913 -- by the names that are known from such libraries
    run: str | None = None,
    *,
    model: str | Path | Decoder | None = None,
    prefix: str = "",
    samples: int = 1,
    batch: int = 8,
    length: int = 200,
    temperature: float = 0.8,
    top_k: int = 0,
    top_p: float = 0.95,
    truncate: str | None = None,
    include_prefix: bool = True,
    seed: int | None = None,
) -> list[Written]:
    """Return ``samples`` texts that go on from ``prefix``, each with its seed and why it ended.

    They come from a finished run, a model (a folder, a name on the Hub, or what :func:`load` returned, so that it is
    loaded once for many calls), or the embedded writer. See :class:`model.continuation.Continuation` for the numbers.

    >>> [written.text for written in generate("poems", prefix="The sea", truncate=".")]     # doctest: +SKIP

    Raises:
        OutOfRangeError, EmptyTextError, ModelAndRunError: what is asked makes no sense.
        RunError, CheckpointError, QuantizationUnavailableError, EngineError: the model cannot be used.
    """
    asked = Continuation(
        prefix=prefix, samples=samples, batch=batch, length=length, temperature=temperature, top_k=top_k,
        top_p=top_p, truncate=truncate, include_prefix=include_prefix, seed=seed,
    )  # fmt: skip
    if model is None or isinstance(model, str | Path):
        with opened(run, model=model) as decoder:
            return _in_any_place(decoder, asked)
    if run is not None:
        raise ModelAndRunError
    return _in_any_place(model, asked)


def _in_any_place(decoder: Decoder, asked: Continuation) -> list[Written]:
    """Write to the end, also where an event loop runs already, as in a notebook."""

    async def write() -> list[Written]:
        return [written async for written in continuations(decoder, asked)]

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(write())
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, write()).result()


def require_free(file: Path, *, force: bool) -> None:
    """Refuse a place that :func:`write_to` could not write to, before anything is computed.

    Raises:
        FileStandsError: something is there, and ``force`` was not said.
        OSError: nothing can be written there.
    """
    if not file.name:
        raise FileStandsError(file)
    for path in {file, _seeds_of(file)}:
        if path.is_dir() or (path.exists() and not force):
            raise FileStandsError(path)
    with tempfile.TemporaryFile(dir=file.parent):
        pass


def write_to(file: str | Path, texts: Iterable[Written], *, delimiter: str = DELIMITER, force: bool = False) -> Path:
    """Write ``texts`` to ``file`` all at once, and return it.

    A file called ``*.jsonl`` gets an object a text (``text``, ``seed``, ``end``). Any other gets the texts alone, with
    ``delimiter`` on a line between two; their seeds stand in ``FILE.seeds.jsonl`` beside it, in the same order.

    Raises:
        FileStandsError: something is there, and ``force`` was not said; it is left as it is.
        OSError: nothing can be written there.
    """
    file, texts = Path(file), list(texts)
    require_free(file, force=force)
    facts = [asdict(written) for written in texts]
    if file.suffix == ".jsonl":
        return _replace(file, _rows(facts))
    _replace(_seeds_of(file), _rows([{"seed": fact["seed"], "end": fact["end"]} for fact in facts]))
    return _replace(file, f"\n{delimiter}\n".join(written.text for written in texts) + "\n")


def _seeds_of(file: Path) -> Path:
    return file if file.suffix == ".jsonl" else file.with_name(file.name + _SEEDS)


def _rows(facts: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(fact, ensure_ascii=False) + "\n" for fact in facts)


def _replace(path: Path, text: str) -> Path:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        whole = Path(folder) / path.name
        whole.write_text(text, "utf-8", newline="")
        return whole.replace(path)
