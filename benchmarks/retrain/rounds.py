"""Rounds of voting and retraining with a community that does not exist: does the writer come to its taste?

    python -m benchmarks.retrain.rounds --seeds 5 --rounds 3 --arm dpo --to benchmarks/results/retrain

Arms: ``none`` (never trained), ``sft`` (greenlit shows only), ``dpo`` (the whole retraining), ``trolls`` (the same,
with a tenth of the members voting for the worst on every slate). A seed that was measured is not measured again.
"""

import argparse
import json
import platform
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.retrain.society import Society, pitched, taste
from model.adapters import Store
from model.checkpoint import EMBEDDED
from training.evaluate import Candidate
from training.feedback import Minimum, learn
from training.gate import BITS, Amount
from training.replay import Writing
from training.retrain import NothingNewError, NotYetError, Room, Schooling, Writers, retrain

BASE: Final = str(EMBEDDED)
_FRESH: Final = 30  # slates on which the taste of a round's writer is measured: nobody votes on them
_SLATES: Final = 60
Row = dict[str, Any]


def schooling(arm: str) -> Schooling:
    """Return the usual numbers, with a smaller gate."""
    return Schooling(
        preferences=arm != "sft",
        minimum=Minimum(slates=10, voters=5, judges=5),
        amount=Amount(entries=24, slates=20),
        writing=Writing(slates=40, pages=6),
    )


def measured(adapter: Path | None, society: Society, round_: int, slates: int) -> tuple[Row, list[Any]]:
    """Return the taste of what the writer pitches, and the cards of the round."""
    candidate = Candidate.load(BASE, adapter=adapter, threads=1)
    try:
        cards = pitched(candidate, society.briefs(round_, slates))
        fresh = pitched(candidate, society.briefs(1000, _FRESH))
    finally:
        candidate.close()
    drafts = [draft for card in fresh for draft in card.drafts]
    scores = [taste(draft.title, draft.summary) for draft in drafts]
    return {
        "taste": sum(scores) / len(scores),
        "liked": sum(score >= 1 for score in scores) / len(scores),
        "title": sum(len(draft.title) for draft in drafts) / len(drafts),
        "drafts": len(drafts),
    }, cards


def play(arm: str, seed: int, rounds: int, slates: int, folder: Path) -> list[Row]:
    """Return a row a round."""
    society = Society(trolls=0.1 if arm == "trolls" else 0.0, seed=seed)
    store, room = Store(folder / "adapters"), Room(base=BASE, below=folder / "runs")
    shared = folder.parent / "cache"
    if shared.exists():
        shutil.copytree(shared, room.below / "cache")
    rows: list[Row] = []
    for round_ in range(rounds + 1):
        active = store.active()
        row, cards = measured(store.path(active) if active else None, society, round_, slates)
        rows.append({"arm": arm, "seed": seed, "round": round_, "adapter": active, **row})
        if round_ < rounds and arm != "none":
            society.vote(cards)
            rows[-1] |= _trained(f"round-{round_ + 1}", arm, society, store, room)
            if not shared.exists() and (room.below / "cache").exists():
                shutil.copytree(room.below / "cache", shared)
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _trained(name: str, arm: str, society: Society, store: Store, room: Room) -> Row:
    found = learn(society.shown, society.ballots)
    began = time.monotonic()
    try:
        outcome = retrain(name, room, Writers.of(store, found.lineage), found, schooling(arm))
    except (NotYetError, NothingNewError) as error:
        return {"published": False, "verdict": str(error)}
    verdict = outcome.verdict
    if verdict.published:
        store.publish(outcome.run.model)
        store.activate(name)
    bits = {check.name.removeprefix(f"{BITS}, "): round(check.new, 4) for check in verdict.checks if BITS in check.name}
    return {
        "published": verdict.published,
        "ranked": [round(number, 3) for number in (verdict.ranking.low, verdict.ranking.share, verdict.ranking.high)],
        "bits": bits,
        "seconds": round(time.monotonic() - began),
        "verdict": verdict.sentence,
    }


def main() -> None:
    """Play the seeds of one arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arm", choices=["none", "sft", "dpo", "trolls"], default="dpo")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slates", type=int, default=_SLATES)
    parser.add_argument("--to", type=Path, default=Path("benchmarks/results/retrain"))
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    machine = {"machine": platform.processor() or platform.machine(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    with tempfile.TemporaryDirectory(prefix="retrain-") as place:
        for seed in range(asked.seeds):
            file = asked.to / f"{asked.arm}-{asked.rounds}x{asked.slates}-{seed}.json"
            if file.exists():
                continue
            folder = Path(place) / f"{asked.arm}-{seed}"
            rows = play(asked.arm, seed, asked.rounds, asked.slates, folder)
            file.write_text(json.dumps({**machine, "rows": rows}, indent=1) + "\n", "utf-8")
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
