# ruff: noqa: ARG002, ANN401 -- callbacks have the arguments that the Trainer gives them
"""What is seen of a run while it works: a progress bar, samples of what the model writes, and its curves."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Final

import torch
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from model.engines.spelling import encode
from model.tasks import Span
from training.space import LossNotFiniteError

_NEW: Final = 120  # tokens of a sample
CURVES: Final = "curves.png"


class Progress(TrainerCallback):
    """A bar on standard error, where that is a terminal; a loss that is no number ends the run."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._losses: dict[str, str] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Show the bar."""
        hidden = None if state.is_world_process_zero else True
        self._bar = tqdm(
            total=state.max_steps, initial=state.global_step, unit="step", disable=hidden, dynamic_ncols=True
        )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move it."""
        self._bar.update(state.global_step - self._bar.n)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Show the last losses."""
        logs: Mapping[str, float] = kwargs["logs"]
        if not isfinite(logs.get("loss", 0.0)):
            raise LossNotFiniteError(state.global_step)
        for key, name in (("loss", "loss"), ("eval_loss", "held out")):
            if key in logs:
                self._losses[name] = f"{logs[key]:.3f}"
        self._bar.set_postfix(self._losses)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave it as it is."""
        self._bar.close()


class Samples(TrainerCallback):
    """Writes what the model makes of a few prompts, every so many steps, to ``step-000100.txt`` and so on.

    It draws from a seed of its own: the run goes on as if nothing had been sampled.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], folder: Path, every: int, seed: int
    ) -> None:
        self._tokenizer, self._prompts, self._folder = tokenizer, prompts, folder
        self._every, self._seed = every, seed

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Sample when it is time."""
        model = kwargs["model"]
        if not state.is_world_process_zero or (
            state.global_step % self._every and state.global_step != state.max_steps
        ):
            return
        with torch.random.fork_rng():
            torch.manual_seed(self._seed)
            try:
                texts = [self._sample(model, prompt) for prompt in self._prompts]
            except RuntimeError as error:
                if "probability tensor" not in str(error):
                    raise
                raise LossNotFiniteError(state.global_step) from error
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"step-{state.global_step:06}.txt"
        path.write_text("\n\n".join(texts) + "\n", "utf-8")

    def _sample(self, model: Any, prompt: str) -> str:
        ids = encode(self._tokenizer, (Span(prompt),)) or [int(str(self._tokenizer.eos_token_id))]
        sees = int(getattr(model.config, "max_position_embeddings", _NEW * 8))
        inputs = torch.tensor([ids[-(sees - 1) :]], device=model.device)
        was_training = model.training
        model.eval()
        written = model.generate(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            max_new_tokens=min(_NEW, sees - inputs.shape[1]),
            do_sample=True,
            temperature=0.8,
            top_p=0.9,
            use_cache=True,
            pad_token_id=self._tokenizer.eos_token_id,
        )
        model.train(was_training)
        text = self._tokenizer.decode(written[0], skip_special_tokens=True)
        return str(text)


def draw_curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw training loss, held-out loss and learning rate over the steps to a PNG at ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 -- seconds to import
    from matplotlib.figure import Figure  # noqa: PLC0415 -- seconds to import

    figure = Figure(figsize=(9, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    losses = figure.subplots()
    rates = losses.twinx()
    for axes, key, label, style in (
        (losses, "loss", "training", {"color": "tab:blue", "alpha": 0.5}),
        (losses, "eval_loss", "held out", {"color": "tab:orange", "marker": "o"}),
        (rates, "learning_rate", "learning rate", {"color": "tab:gray", "linestyle": ":"}),
    ):
        points = [(entry["step"], entry[key]) for entry in history if key in entry]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, **style)
    losses.set(xlabel="step", ylabel="nats per token")
    rates.set(ylabel="learning rate", ylim=(0, None))
    figure.legend(loc="outside upper right", ncols=3)
    figure.savefig(path)
