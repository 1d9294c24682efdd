"""The package, the images and the compose file hold together; no Docker engine is needed to see that."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import alembic
import yaml

ROOT = Path(__file__).parents[1]


def _stages(dockerfile: str) -> dict[str, list[tuple[str, str]]]:
    """Return each stage's instructions, continuation lines joined."""
    stages: dict[str, list[tuple[str, str]]] = {}
    for line in re.sub(r"\\\n\s*", " ", dockerfile).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            current = rest.rpartition(" AS ")[2]
            stages[current] = []
        stages[current].append((word, rest.strip()))
    return stages


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    return loaded


def _constrained(text: str) -> set[str]:
    return set(re.findall(r"--constraint constraints\.txt (.*)", text))


def test_import_alembic_is_the_library_and_not_our_folder_of_migrations() -> None:
    assert not (ROOT / "alembic/__init__.py").exists()
    assert alembic.__file__ is not None
    assert "site-packages" in alembic.__file__


def test_the_dockerfile_has_a_bot_without_torch_and_a_worker() -> None:
    stages = _stages((ROOT / "Dockerfile").read_text())
    assert set(stages) == {"base", "bot", "worker"}
    assert not any("torch" in rest or "worker]" in rest for word, rest in stages["bot"] if word == "RUN")
    assert any("[worker,cuda]" in rest for _, rest in stages["worker"])


def test_every_instruction_of_the_dockerfile_is_one_that_docker_knows() -> None:
    known = {"FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR"}
    known |= {"ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL"}
    stages = _stages((ROOT / "Dockerfile").read_text())
    assert {word for stage in stages.values() for word, _ in stage} <= known


def test_the_images_run_as_nobody_special_and_say_when_they_are_well() -> None:
    for name, stage in _stages((ROOT / "Dockerfile").read_text()).items():
        if name != "base":
            words = dict(stage)
            assert words["USER"] == "greenlit"
            assert "readyz" in words["HEALTHCHECK"]
            assert words["STOPSIGNAL"] == "SIGTERM"


def test_whatever_the_dockerfile_copies_exists() -> None:
    stages = _stages((ROOT / "Dockerfile").read_text())
    sources = [
        part for stage in stages.values() for word, rest in stage if word == "COPY" for part in rest.split()[:-1]
    ]
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_images_and_makefile_install_with_the_same_constraints() -> None:
    docker = (ROOT / "Dockerfile").read_text()
    assert len(_constrained(docker)) == 3
    assert len(re.findall(r"pip install", docker)) == 3
    make = (ROOT / "Makefile").read_text()
    assert all("--constraint constraints.txt" in line for line in make.splitlines() if "pip install" in line)


def test_the_compose_file_starts_what_it_needs_in_order() -> None:
    services = _compose()["services"]
    assert set(services) == {"postgres", "migrate", "bot", "worker"}
    assert services["bot"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["command"] == ["greenlit", "db", "upgrade"]
    assert services["worker"]["build"]["target"] == "worker"


def test_the_compose_file_declares_every_secret_and_volume_it_uses() -> None:
    compose = _compose()
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", ())}
    assert used == set(compose["secrets"])
    mounted = {
        volume.partition(":")[0] for service in compose["services"].values() for volume in service.get("volumes", ())
    }
    assert mounted == set(compose["volumes"])


def test_no_secret_stands_in_the_compose_file() -> None:
    for service in _compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"TOKEN|PASSWORD|KEY", name):
                assert value.startswith("/run/secrets/")


def test_the_wheel_would_hold_our_packages_and_never_the_migrations_as_alembic() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert settings["packages"]["find"]["include"] == ["bot*", "db*", "model*", "training*"]


def test_every_dependency_is_pinned() -> None:
    pins = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    needed = {re.split(r"[\[<>=]", each)[0].lower() for each in [*project["dependencies"], *extras]}
    assert sorted(needed - pins) == []
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text()


def test_asking_for_help_loads_no_heavy_library() -> None:
    code = "import sys, greenlit; print({'torch', 'discord', 'sqlalchemy'} & set(sys.modules) or 'light')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "light"
