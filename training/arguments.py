"""A recipe as the Trainer of transformers wants to hear it."""

from pathlib import Path

from transformers import TrainingArguments

from training.adapting import device, half
from training.recipe import Recipe


def arguments(recipe: Recipe, folder: Path, *, steps: int, judged: bool) -> TrainingArguments:
    """Return the arguments of a run of ``steps``; ``judged`` says whether held-out text chooses the best step."""
    found = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        max_steps=steps,
        train_sampling_strategy="sequential",
        learning_rate=recipe.peak,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        logging_steps=1,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        eval_strategy="steps" if judged else "no",
        eval_steps=recipe.save_every,
        save_steps=recipe.save_every,
        load_best_model_at_end=judged,
        metric_for_best_model="eval_loss" if judged else None,
        greater_is_better=False if judged else None,
        bf16=half(recipe),
        activation_checkpointing=recipe.checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False} if recipe.checkpointing else None,
        use_cpu=device() == "cpu",
        dataloader_pin_memory=device() != "cpu",
        remove_unused_columns=False,
        report_to="none",
        restore_callback_states_from_checkpoint=True,  # or early stopping begins to count anew
        disable_tqdm=True,
        seed=recipe.seed,
    )
    found._n_gpu = min(1, found.n_gpu)  # noqa: SLF001 -- else one process splits its batches over all GPUs
    return found
