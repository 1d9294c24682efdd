"""What the documents say is there, is there."""

import re
from pathlib import Path

import pytest

from bot.settings import BotSettings
from model.settings import WorkerSettings
from training.settings import TrainerSettings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if ".venv" not in path.parts]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_local_link_and_picture_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
    missing = [link for link in targets if "://" not in link and not (path.parent / link).exists()]
    assert missing == []


def test_every_file_of_the_newcomers_table_exists() -> None:
    rows = [line for line in (ROOT / "docs/architecture.md").read_text().splitlines() if line.startswith("| ")]
    paths = [path for row in rows for path in re.findall(r"`([\w./-]+/[\w./-]*)`", row)]
    assert len(rows) >= 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_readme_stays_short_and_shows_only_targets_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(readme.splitlines()) <= 150
    assert set(re.findall(r"^make ([a-z-]+)", readme, re.MULTILINE)) <= set(targets)


def test_the_readme_names_every_package_of_the_tree() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in ("bot", "model", "training", "db", "alembic", "tests") if f"{name}/" not in readme] == []


def test_the_example_environment_lists_exactly_the_settings() -> None:
    listed = set(re.findall(r"^#(GREENLIT_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    known = {f"GREENLIT_{name}".upper() for name in BotSettings.model_fields if not name.endswith("_file")}
    known |= {f"GREENLIT_WORKER_{name}".upper() for name in WorkerSettings.model_fields if not name.endswith("_file")}
    known |= {f"GREENLIT_{name}".upper() for name in TrainerSettings.model_fields if name.startswith("train_")}
    inner = {
        "GREENLIT_DISCORD_API",  # another Discord than the public one: for tests
        "GREENLIT_DISCORD_GATEWAY",
        "GREENLIT_WORKER_FAKE_PAUSE",
        "GREENLIT_WORKER_GENRES",
        "GREENLIT_WORKER_TITLES",
    }
    assert listed == known - inner


def test_no_committed_text_names_a_machine_of_ours() -> None:
    places = re.compile(r"/(?:work|farm|opt/wheels)/|file:///")
    texts = [
        path
        for folder in ("docs", "bot", "model", "db", "training", "alembic")
        for path in (ROOT / folder).rglob("*.*")
    ]
    named = [
        str(path)
        for path in [*texts, *ROOT.glob("*.*")]
        if path.suffix in {".py", ".md", ".toml", ".txt", ".ini", ".html", ".json"} and places.search(path.read_text())
    ]
    assert named == []
