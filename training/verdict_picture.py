"""The verdict of the gate as a picture: how both writers rank, and how far every other figure moved."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.gate import Check, Ranking, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NEW: Final = "#4269d0"
_GOOD: Final = "#3ca951"
_BAD: Final = "#ff725c"


def draw_verdict(verdict: Verdict, path: Path) -> None:
    """Draw the verdict to a PNG at ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 -- seconds to import
    from matplotlib.figure import Figure  # noqa: PLC0415 -- seconds to import

    figure = Figure(figsize=(10, 4.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.6))
    _ranked(left, verdict.ranking)
    _checked(right, verdict.checks)
    word = "Published" if verdict.published else "Not published"
    figure.suptitle(f"{word}: the new writer against the present one", fontweight="bold")
    figure.savefig(path)


def _ranked(axes: "Axes", found: Ranking) -> None:
    share = 100 * found.share
    axes.bar(["new against present"], [share], color=_NEW, width=0.5)
    axes.errorbar([0], [share], yerr=[[share - 100 * found.low], [100 * found.high - share]], color="black", capsize=4)
    axes.axhline(50, color="gray", linestyle=":", linewidth=1)
    axes.text(0, 3, f"{share:.0f} %", ha="center", color="white", fontweight="bold")
    axes.set(ylim=(0, 100), xlim=(-1, 1), ylabel="% of pairs (dotted: chance)")
    axes.set_title(
        f"leans as the community did\n{found.pairs} pairs, {found.slates} slates nobody learnt from", fontsize=9
    )


def _checked(axes: "Axes", checks: tuple[Check, ...]) -> None:
    shares = [max(-1.5, min(1.5, check.loss / check.bound)) for check in checks]
    colours = [_GOOD if check.passed else _BAD for check in checks]
    axes.barh(range(len(checks)), shares, color=colours, height=0.6)
    axes.axvline(1, color="black", linewidth=1)
    axes.axvline(0, color="gray", linewidth=1)
    axes.set_yticks(range(len(checks)), [check.name for check in checks], fontsize=9)
    axes.invert_yaxis()
    for at, check in enumerate(checks):
        axes.text(-1.45, at, f"{check.first:.3f} → {check.new:.3f}", va="center", fontsize=8)
    axes.set(xlim=(-1.5, 1.5), xlabel="lost, as a share of what may be lost (line: the bound)")
