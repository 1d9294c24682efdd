"""Can a tenth of the members steer the writer by voting on everything? No model: only what the votes would teach.

    python -m benchmarks.retrain.trolls --to benchmarks/results/retrain-trolls.json

Invented drafts, the members of :mod:`benchmarks.retrain.society`, and of every pair that would be learnt from whether
the hidden taste agrees: with the caps of :mod:`training.ballots` and without, with trolls (who vote for the worst, on
every slate) and without.
"""

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.retrain.society import LOVED, Card, Society, taste
from model.briefs import PitchBrief, genre, theme
from model.drafts import PitchDraft
from training import ballots
from training.feedback import learn

_PLAIN: Final = (
    *("storm", "captain", "engine", "crime", "detective", "secret", "machine", "winter", "planet", "robot", "war"),
    *("king", "sword", "island", "treasure", "race", "boxer", "doctor", "lawyer", "desert", "train", "night"),
    *("money", "bank", "heist", "spy"),
)  # fmt: skip
SLATES: Final = 150
SEEDS: Final = 5


def drafts(random: Random) -> tuple[PitchDraft, ...]:
    """Return five invented drafts, some of them to the community's taste."""
    words = [*_PLAIN, *sorted(LOVED)]
    return tuple(
        PitchDraft(
            title=" ".join(random.sample(words, random.randint(1, 4))).title(),
            summary=f"A {random.choice(words)} finds a {random.choice(words)} and a {random.choice(words)}.",
        )
        for _ in range(5)
    )


def agreement(*, trolls: float, seed: int) -> float:
    """Return the share of weight on pairs of which the hidden taste says the same."""
    random = Random(seed)  # noqa: S311 -- no secret
    society = Society(trolls=trolls, seed=seed)
    brief = PitchBrief(genre=genre("comedy"), theme=theme("time travel"))
    society.vote([Card(brief, drafts(random)) for _ in range(SLATES)])
    found = learn(society.shown, society.ballots).pairs
    agreed = sum(pair.weight * (_taste(pair.chosen) > _taste(pair.rejected)) for pair in found)
    return float(agreed / sum(pair.weight for pair in found))


def _taste(completion: str) -> float:
    title, _, summary = completion.strip().partition("\nSUMMARY: ")
    return taste(title, summary)


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path("benchmarks/results/retrain-trolls.json"))
    asked = parser.parse_args()
    capped = ballots.of_one_vote
    uncapped: Callable[..., object] = lambda cast: {ballot.member_id: 1.0 for ballot in cast}  # noqa: E731 -- one line
    table: dict[str, float] = {}
    for name, trolls, weigh in (
        ("honest, capped", 0.0, capped),
        ("honest, not capped", 0.0, uncapped),
        ("a tenth trolls, capped", 0.1, capped),
        ("a tenth trolls, not capped", 0.1, uncapped),
        ("a fifth trolls, capped", 0.2, capped),
        ("a fifth trolls, not capped", 0.2, uncapped),
    ):
        vars(ballots)["of_one_vote"] = weigh
        shares = [agreement(trolls=trolls, seed=seed) for seed in range(SEEDS)]
        table[name] = round(sum(shares) / len(shares), 3)
        print(f"{name:30} {table[name]:.1%}")
    vars(ballots)["of_one_vote"] = capped
    told = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "slates": SLATES, "seeds": SEEDS, "agreement": table}
    asked.to.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
