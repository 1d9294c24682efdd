"""What a replica promises to Ray, seen without starting Ray."""

import asyncio
import warnings
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from model.adapters import Store
from model.engine import EngineUnavailableError
from model.fake import FakeDecoder, fake_engine
from model.serve import TokenRequiredError
from model.settings import WorkerSettings
from tests.model.adapted import adapter, writer


@pytest.fixture
def ray_app() -> Generator[ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Ray's own modules
        yield pytest.importorskip("model.ray_app", reason='Ray is not installed: pip install "ray[serve]"')


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GREENLIT_WORKER_TOKEN", "secret")
    return "secret"


async def test_a_replica_is_sick_until_its_model_is_loaded(ray_app: ModuleType, token: str) -> None:
    replica = ray_app.Replica(WorkerSettings(model="fake"), lambda _: fake_engine())
    with pytest.raises(EngineUnavailableError):
        await replica.check_health()
    app = await replica.__serve_build_asgi_app__()
    await replica.check_health()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://replica") as http:
        assert (await http.get("/readyz")).is_success
        assert (await http.get("/v1/status")).status_code == 401
        said = {"Authorization": f"Bearer {token}"}
        assert (await http.get("/v1/status", headers=said)).json()["model"] == "fake"


@pytest.mark.usefixtures("token")
async def test_a_replica_follows_the_pointer_of_the_store(ray_app: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for name in ("a", "b"):
        store.publish(adapter(tmp_path / name, name))
    store.activate("a")
    replica = ray_app.Replica(WorkerSettings(model="fake"), lambda _: writer(FakeDecoder(), store))
    await replica.__serve_build_asgi_app__()
    assert replica._worker.status().model == "fake+a"
    store.activate("b")
    async with asyncio.timeout(20):
        while replica._worker.status().adapter != "b":  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    replica._following.cancel()


async def test_nobody_serves_without_a_token(ray_app: ModuleType) -> None:
    with pytest.raises(TokenRequiredError):
        ray_app.build(ray_app.Fleet())
    with pytest.raises(TokenRequiredError):
        await ray_app.Replica(WorkerSettings(model="fake")).__serve_build_asgi_app__()


@pytest.mark.usefixtures("token")
def test_ray_is_told_every_setting_but_the_token(ray_app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_WORKER_CAPACITY", "7")
    monkeypatch.setenv("GREENLIT_WORKER_OPENAI_TOKEN", "secret")
    (settings,) = ray_app.build(ray_app.Fleet())._bound_deployment.init_args
    assert settings.capacity == 7
    assert not [name for name, value in settings if isinstance(value, SecretStr) or (name.endswith("_file") and value)]


def test_a_replica_takes_more_than_its_line_so_that_the_line_refuses_and_not_ray(ray_app: ModuleType) -> None:
    deployed = ray_app.deployment(ray_app.Fleet(max_replicas=3), WorkerSettings(capacity=16))
    assert deployed.max_ongoing_requests > 16 + 16


@pytest.mark.parametrize("wrong", [{"min_replicas": 2, "max_replicas": 1}, {"replicas": 2}, {"briefs_each": 0}])
def test_a_fleet_that_cannot_be_is_refused(ray_app: ModuleType, wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ray_app.Fleet(**wrong)
