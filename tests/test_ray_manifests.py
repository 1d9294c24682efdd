"""The files in deploy/ray fit the program: no cluster and no Ray is needed to see that."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from model.settings import PREFIX, WorkerSettings

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "deploy/ray"
APPLICATION: Final = ast.parse((ROOT / "model/ray_app.py").read_text())


def service() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claim for the adapters and the RayService."""
    claim, found = yaml.safe_load_all((FOLDER / "rayservice.yaml").read_text())
    return claim, found


def config(name: str) -> dict[str, Any]:
    text = service()[1]["spec"]["serveConfigV2"] if name == "rayservice.yaml" else (FOLDER / name).read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def pods() -> dict[str, dict[str, Any]]:
    cluster = service()[1]["spec"]["rayClusterConfig"]
    (gpu,) = cluster["workerGroupSpecs"]
    return {name: group["template"]["spec"] for name, group in (("head", cluster["headGroupSpec"]), ("gpu", gpu))}


def fields(name: str) -> set[str]:
    (found,) = [node for node in APPLICATION.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        node.target.id for node in found.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


@pytest.mark.parametrize("name", ["serve.yaml", "rayservice.yaml"])
def test_the_configuration_names_what_the_program_has(name: str) -> None:
    (application,) = config(name)["applications"]
    module, _, builder = application["import_path"].partition(":")
    assert (ROOT / (module.replace(".", "/") + ".py")).samefile(ROOT / "model/ray_app.py")
    assert builder in {node.name for node in APPLICATION.body if isinstance(node, ast.FunctionDef)}
    assert set(application["args"]) <= fields("Fleet")
    settings = {name.removeprefix(PREFIX).lower() for name in application["runtime_env"]["env_vars"]}
    assert settings <= set(WorkerSettings.model_fields)
    assert all(isinstance(value, str) for value in application["runtime_env"]["env_vars"].values())


@pytest.mark.parametrize("name", ["serve.yaml", "rayservice.yaml"])
def test_no_token_stands_in_a_configuration(name: str) -> None:
    (application,) = config(name)["applications"]
    assert f"{PREFIX}TOKEN" not in application["runtime_env"]["env_vars"]


def test_only_the_cluster_listens_to_other_machines() -> None:
    assert config("serve.yaml")["http_options"]["host"] == "127.0.0.1"
    assert config("rayservice.yaml")["http_options"]["host"] == "0.0.0.0"  # noqa: S104 - inside its pod


@pytest.mark.parametrize("pod", ["head", "gpu"])
def test_every_pod_has_the_token_the_models_and_the_adapters(pod: str) -> None:
    spec = pods()[pod]
    (container,) = spec["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounted) == {volume["name"] for volume in spec["volumes"]} == {"token", "models", "adapters"}
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment[f"{PREFIX}TOKEN_FILE"].startswith(mounted["token"])
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert {"name": "serve", "containerPort": config("rayservice.yaml")["http_options"]["port"]} in container["ports"]


def test_the_claim_is_the_one_that_the_pods_mount() -> None:
    claim, _ = service()
    (adapters,) = [volume for volume in pods()["gpu"]["volumes"] if volume["name"] == "adapters"]
    assert adapters["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_there_may_be_a_replica_for_every_gpu_of_the_group_and_no_more() -> None:
    (group,) = service()[1]["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    args = config("rayservice.yaml")["applications"][0]["args"]
    assert (args["min_replicas"], args["max_replicas"]) == (group["minReplicas"], group["maxReplicas"])
    (container,) = pods()["gpu"]["containers"]
    assert int(container["resources"]["limits"]["nvidia.com/gpu"]) == args["gpus"]
    assert pods()["gpu"]["terminationGracePeriodSeconds"] > 30


def test_the_manifest_names_the_version_that_is_pinned() -> None:
    version = service()[1]["spec"]["rayClusterConfig"]["rayVersion"]
    assert f"ray=={version}" in (ROOT / "constraints.txt").read_text().splitlines()


def test_the_image_is_the_worker_s_with_ray_under_the_same_constraints() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert re.findall(r"^FROM (.*)$", dockerfile, re.MULTILINE) == ["greenlit-worker"]
    (extras,) = re.findall(r"--constraint constraints\.txt --editable '\.\[(.*)\]'", dockerfile)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"worker", "ray"} <= set(extras.split(",")) <= set(known)
    tags = re.findall(r"--tag (greenlit-ray:\S+)", dockerfile)
    assert {container["image"] for spec in pods().values() for container in spec["containers"]} == set(tags)
