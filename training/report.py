"""What an evaluation found: one table with a column a task, JSON with keys that stay, and pictures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: Final = ("#4269d0", "#efb118", "#3ca951", "#ff725c", "#a463f2")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: the key in JSON, what a person reads, and how the number is written."""

    key: str
    label: str
    form: str = ".1%"


ROWS: Final = (
    Row("entries", "entries scored", ",.0f"),
    Row("works", "works they come from", ",.0f"),
    Row("bits_per_byte", "bits per byte", ".3f"),
    Row("bits_per_byte_low", "… 95 % from", ".3f"),
    Row("bits_per_byte_high", "… to", ".3f"),
    Row("tokens_per_entry", "tokens an entry", ",.0f"),
    Row("words_per_1000_tokens", "words per 1,000 tokens", ",.0f"),
    Row("briefs", "briefs written to", ",.0f"),
    Row("briefs_too_long", "briefs that do not fit into the context"),
    Row("raw_rows", "raw rows (one attempt)", ",.0f"),
    Row("raw_parsed", "raw rows that parse"),
    Row("at_length_limit", "raw rows that ran into the length limit"),
    Row("only_cast_speaks", "raw rows in which only the cast speaks"),
    Row("titles_taken", "raw titles that exist"),
    Row("titles_repeated", "raw titles repeated"),
    Row("titles_kept", "raw titles kept"),
    Row("drafts", "drafts", ",.0f"),
    Row("parsed", "drafts that came ÷ asked for"),
    Row("tokens_computed_per_kept", "tokens computed ÷ kept", ".2f"),
    Row("titles_original", "titles new after the filter"),
    Row("titles_distinct", "different titles"),
    Row("summaries_distinct", "different summaries"),
    Row("words", "words a summary", ".1f"),
    Row("turns", "turns a page", ".1f"),
    Row("ended", "drafts that end on a finished line"),
    Row("speakers_consistent", "two speakers with two turns each"),
    Row("lines_kept", "lines of the dialog kept"),
    Row("brief_carried", "telling words of the brief in the text"),
    Row("brief_carried_floor", "… with the briefs shuffled (floor)"),
    Row("copied_8_words", "share 8 words with the training text"),
    Row("longest_copy", "longest run shared (words)", ",.0f"),
    Row("famous_names", "with a name of the source"),
    Row("distinct_1", "different words", ".3f"),
    Row("distinct_2", "different word pairs", ".3f"),
    Row("distinct_3", "different runs of 3 words", ".3f"),
    Row("repeated_4grams", "runs of 4 words repeated within a text"),
    Row("completions", "texts whose end was written", ",.0f"),
    Row("completion_words", "words of them", ".1f"),
    Row("completions_ended", "… that end on a sentence"),
    Row("chrf", "chrF", ".1f"),
    Row("chrf_floor", "… against other texts' ends (floor)", ".1f"),
    Row("chrf_to_sentence", "… up to a sentence's end", ".1f"),
    Row("chrf_to_sentence_floor", "… of that (floor)", ".1f"),
    Row("chrf_ceiling", "… of the true end (ceiling)", ".1f"),
    Row("bleu", "token BLEU", ".2f"),
    Row("bleu_floor", "… against other texts' ends (floor)", ".2f"),
    Row("bleu_to_sentence", "… up to a sentence's end", ".2f"),
    Row("bleu_to_sentence_floor", "… of that (floor)", ".2f"),
    Row("bleu_ceiling", "… of the true end (ceiling)", ".2f"),
    Row("sentence_bleu", "token BLEU, mean of the texts", ".2f"),
    Row("sentence_bleu_floor", "… against other texts' ends (floor)", ".2f"),
    Row("sentence_bleu_ceiling", "… of the true end (ceiling)", ".2f"),
    Row("original_metric", "the lyrics original's “BLEU” (says nothing)", ".3f"),
    Row("original_metric_floor", "… against other texts' ends (floor)", ".3f"),
    Row("original_metric_ceiling", "… of the true end (ceiling)", ".3f"),
)

_THICK: Final = 0.16  # of a bar; five stand side by side
_SHARES: Final = (
    "raw_parsed",
    "parsed",
    "titles_kept",
    "titles_original",
    "ended",
    "speakers_consistent",
    "lines_kept",
    "copied_8_words",
    "repeated_4grams",
    "famous_names",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of ``model`` by task and key (see ``ROWS``), and how much was looked at.

    A figure that a task does not have, or that nothing came to be counted for, has no key.
    """

    model: str
    amount: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    tasks: Mapping[str, Mapping[str, float]]


def table(report: Report) -> str:
    """Return the figures as a Markdown table, a column a task; what a task does not have is a dash."""
    lines = [
        f"| {report.model} | " + " | ".join(report.tasks) + " |",
        "|---" * (len(report.tasks) + 1) + "|",
    ]
    for row in ROWS:
        cells = [_cell(figures, row) for figures in report.tasks.values()]
        if any(cell != "–" for cell in cells):
            lines.append(f"| {row.label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figures: Mapping[str, float], row: Row) -> str:
    return format(figures[row.key], row.form) if row.key in figures else "–"


def to_json(report: Report) -> str:
    """Return the report as one JSON object: ``model``, ``amount``, ``tasks`` by name and key."""
    tasks = {task: dict(figures) for task, figures in report.tasks.items()}
    return json.dumps({"model": report.model, "amount": dict(report.amount), "tasks": tasks}, ensure_ascii=False)


def plot(report: Report, folder: Path) -> list[Path]:
    """Draw what the report has figures for as PNGs in ``folder`` (made if absent) and return their paths."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second to import, only pictures need it

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw, height, drawable in (
        ("bits_per_byte", _bits, 4.5, _having(report, "bits_per_byte")),
        ("writing", _shares, 9.0, _having(report, *_SHARES)),
        ("completion", _completions, 4.5, _having(report, "chrf")),
    ):
        if drawable:
            figure = Figure(figsize=(8, height), layout="constrained")
            draw(figure.add_subplot(), drawable)
            figure.suptitle(report.model)
            paths.append(folder / f"{name}.png")
            figure.savefig(paths[-1], dpi=150)
    return paths


def _having(report: Report, *keys: str) -> dict[str, Mapping[str, float]]:
    return {task: figures for task, figures in report.tasks.items() if any(key in figures for key in keys)}


def _bits(axes: "Axes", tasks: Mapping[str, Mapping[str, float]]) -> None:
    values = [figures["bits_per_byte"] for figures in tasks.values()]
    ends = [(figures.get("bits_per_byte_low"), figures.get("bits_per_byte_high")) for figures in tasks.values()]
    below = [max(0, value - (low or value)) for value, (low, _) in zip(values, ends, strict=True)]
    above = [max(0, (high or value) - value) for value, (_, high) in zip(values, ends, strict=True)]
    bars = axes.bar(list(tasks), values, color=_COLOURS[0], width=0.6)
    axes.errorbar(range(len(values)), values, yerr=[below, above], fmt="none", ecolor="#222222", capsize=5)
    axes.bar_label(bars, fmt="%.3f", label_type="center", color="white", fontsize=11)
    axes.set_ylabel("bits per byte (less is better)")
    axes.set_title("bars: 95 % interval over works", fontsize=9)
    _bare(axes)


def _shares(axes: "Axes", tasks: Mapping[str, Mapping[str, float]]) -> None:
    labels = {row.key: row.label for row in ROWS}
    keys = [key for key in _SHARES if any(key in figures for figures in tasks.values())]
    for number, (task, figures) in enumerate(tasks.items()):
        mine = {at: figures[key] for at, key in enumerate(keys) if key in figures}
        places = [at + _offset(keys[at], task, tasks) for at in mine]
        colour = _COLOURS[number % len(_COLOURS)]
        bars = axes.barh(places, [100 * value for value in mine.values()], _THICK, label=task, color=colour)
        axes.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    axes.set_yticks(range(len(keys)), [labels[key] for key in keys])
    axes.invert_yaxis()
    axes.set_xlim(0, 108)
    axes.set_xlabel("%")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    _bare(axes)


def _offset(key: str, task: str, tasks: Mapping[str, Mapping[str, float]]) -> float:
    """Return where the task's bar stands among those that have the figure, centred on 0."""
    there = [other for other in tasks if key in tasks[other]]
    return (there.index(task) - (len(there) - 1) / 2) * _THICK


def _completions(axes: "Axes", tasks: Mapping[str, Mapping[str, float]]) -> None:
    (figures,) = list(tasks.values())[:1]
    bars = [
        ("the model's end", ""),
        ("… up to a sentence's end", "_to_sentence"),
        ("against other texts' ends (floor)", "_floor"),
    ]
    for number, (label, suffix) in enumerate(bars):
        values = [figures.get(f"{score}{suffix}", 0.0) for score in ("chrf", "bleu")]
        drawn = axes.bar(
            [at + (number - 1) * 0.25 for at in range(2)], values, 0.25, label=label, color=_COLOURS[number]
        )
        axes.bar_label(drawn, fmt="%.1f", padding=2, fontsize=9)
    axes.set_xticks(range(2), ["chrF", "token BLEU"])
    axes.set_ylabel("score (the true end has 100)")
    axes.legend(frameon=False)
    _bare(axes)


def _bare(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
