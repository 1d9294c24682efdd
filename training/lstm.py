"""The LSTM yardstick, trained: from texts to a folder that :class:`model.engines.lstm_engine.LstmDecoder` loads.

As in the original (anime synopses, LSTM against GPT-2): the sizes, Adam, the clipped gradient, dropout before the
output, a rate that falls on a plateau, and how the text is cut: all of it one line of tokens, laid into ``batch``
streams, each read ``length`` tokens at a time; the state goes on from cut to cut, the gradient does not, and an epoch
begins at zero.

Otherwise, and on purpose: the original lower-cased the text and lost its spacing, marked no end of a synopsis, dropped
the tokens that filled no last batch, knew no unknown word, and let the loss of the training text decide about rate and
best epoch. Here the text comes back letter by letter, each ends with a marker, the order changes every epoch, every
token is read, rare words are unknown ones (never written), and texts held out decide.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from model import checkpoint
from model.engines import lstm_network
from model.files import replace_text
from training.corpus import NothingHeldOutError
from training.files import room
from training.lstm_learner import Learner, LstmScore, score
from training.lstm_recipe import LstmRecipe
from training.runs import BrokenRunError, NoRunError, RunChangedError, RunExistsError

RECEIPT: Final = "receipt.json"
_CHECKPOINTS: Final = "checkpoints"
_FACTS: Final = ".run.json"  # names with a dot are not in the manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmReceipt:
    """What a run was and what it brought; ``receipt.json`` holds the same.

    ``score`` is that of the weights written: the best at the end of an epoch, or the last. ``held_out`` are (step,
    bits per byte) at the end of every epoch. ``tokens`` were trained on (``available`` are in the text), ``losses``
    are nats a token, step by step; ``data`` is a hash of all texts.
    """

    recipe: LstmRecipe
    data: str
    words: int
    weights: int
    available: int
    tokens: int
    steps: int
    seconds: float
    losses: tuple[float, ...]
    held_out: tuple[tuple[int, float], ...]
    score: LstmScore


def train(
    recipe: LstmRecipe,
    texts: Sequence[str],
    held_out: Sequence[str],
    folder: Path,
    *,
    resume: bool = False,
    max_seconds: float | None = None,
    max_tokens: int | None = None,
) -> LstmReceipt:
    """Train on ``texts``, write ``folder`` and return its receipt; a killed run is taken up with ``resume``.

    The limits count over the whole run, its earlier parts included; a run that has ended goes on with ``resume`` and
    higher ones. On CUDA if there is one; on a CPU, a run resumed ends as if never killed.

    Raises:
        CorpusTooSmallError: the texts do not fill one step.
        NothingHeldOutError: no text is held out.
        RunExistsError: there is something in ``folder``, and ``resume`` is not asked for.
        NoRunError: there is something in ``folder``, but no run to resume.
        RunChangedError: the run in ``folder`` has another recipe or other texts.
        CheckpointLostError, BrokenRunError: the run's checkpoint cannot be read.
        NoSpaceError: the disk is full.
        LossNotFiniteError: the training went astray; the last checkpoint is whole.
    """
    if not any(held_out):
        raise NothingHeldOutError
    data = _hash(texts, held_out)
    facts = {"recipe": {key: value for key, value in asdict(recipe).items() if key != "epochs"}, "data": data}
    _require_folder(folder, recipe.name, facts, resume=resume)
    learner = Learner(recipe, texts)
    with room(folder):
        if not resume or not _resumed(learner, folder):
            _begin(learner, folder, facts)
        _read(learner, held_out, folder / _CHECKPOINTS, _limit(learner, max_seconds, max_tokens))
        learner.save(folder / _CHECKPOINTS)
        return _write(learner, held_out, folder, data)


def _hash(texts: Sequence[str], held_out: Sequence[str]) -> str:
    return sha256(json.dumps([list(texts), list(held_out)]).encode()).hexdigest()


def _require_folder(folder: Path, name: str, facts: dict[str, Any], *, resume: bool) -> None:
    if not folder.exists() or all(path.name == _CHECKPOINTS and _is_empty(path) for path in folder.iterdir()):
        return
    if not resume:
        raise RunExistsError(name)
    if not (folder / _CHECKPOINTS).is_dir():
        raise NoRunError(name)
    try:
        begun = json.loads((folder / _CHECKPOINTS / _FACTS).read_text("utf-8"))
        changed = [what for what, value in facts.items() if begun[what] != value]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BrokenRunError(name) from error
    if changed:
        raise RunChangedError(name, changed[0])


def _is_empty(checkpoints: Path) -> bool:
    """Say whether a disk that was full, or a kill, let nothing be kept yet."""
    return not any(checkpoints.glob("step-*"))


def _resumed(learner: Learner, folder: Path) -> bool:
    last = max((folder / _CHECKPOINTS).glob("step-*"), default=None)
    if last:
        learner.resume(last)
    return last is not None


def _begin(learner: Learner, folder: Path, facts: dict[str, Any]) -> None:
    checkpoints = folder / _CHECKPOINTS
    checkpoints.mkdir(parents=True, exist_ok=True)
    replace_text(checkpoints / _FACTS, json.dumps(facts) + "\n")
    learner.save(checkpoints)  # if there is no space, it is said now


def _limit(learner: Learner, max_seconds: float | None, max_tokens: int | None) -> Callable[[], bool]:
    return lambda: (
        len(learner.losses) >= learner.recipe.epochs * learner.steps_an_epoch
        or (max_seconds is not None and learner.seconds >= max_seconds)
        or (max_tokens is not None and learner.tokens >= max_tokens)
    )


def _read(learner: Learner, held_out: Sequence[str], checkpoints: Path, ended: Callable[[], bool]) -> None:
    total = learner.recipe.epochs * learner.available
    with tqdm(total=total, initial=learner.tokens, unit=" tokens", unit_scale=True, disable=None) as bar:
        while not ended():
            bar.set_postfix(loss=f"{learner.step():.3f}", refresh=False)
            bar.update(learner.tokens - bar.n)
            if len(learner.losses) % learner.steps_an_epoch == 0:
                learner.judge(held_out)
            if len(learner.losses) % learner.recipe.save_every == 0:
                learner.save(checkpoints)


def _write(learner: Learner, held_out: Sequence[str], folder: Path, data: str) -> LstmReceipt:
    last = score(learner.network, learner.vocabulary, held_out)
    weights = learner.weights()
    if learner.held_out and min(best for _, best in learner.held_out) < last.bits_per_byte:
        learner.network.load_state_dict(weights := learner.best)
        last = score(learner.network, learner.vocabulary, held_out)
    receipt = _receipt(learner, last, data)
    lstm_network.save(folder, weights, learner.vocabulary)
    replace_text(folder / RECEIPT, json.dumps(asdict(receipt), indent=1) + "\n")
    short = {key: value for key, value in asdict(receipt).items() if key not in ("losses", "recipe", "score")}
    checkpoint.write(folder, learner.recipe.name, recipe=asdict(learner.recipe), scores=asdict(last), **short)
    return receipt


def _receipt(learner: Learner, found: LstmScore, data: str) -> LstmReceipt:
    return LstmReceipt(
        recipe=learner.recipe,
        data=data,
        words=len(learner.vocabulary),
        weights=sum(weight.numel() for weight in learner.network.parameters()),
        available=learner.available,
        tokens=learner.tokens,
        steps=len(learner.losses),
        seconds=round(learner.seconds, 1),
        losses=tuple(learner.losses),
        held_out=tuple(learner.held_out),
        score=found,
    )
