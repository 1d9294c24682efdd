"""Many workers behind one address: the worker's own application in every replica of a Ray Serve deployment.

::

    serve run deploy/ray/serve.yaml

A replica is a worker like any other: its line tells members their place and refuses when it is full. Ray starts
replicas and ends them, finds the one with the shortest line for a brief, and puts a new one where one has died; what a
dead one was writing is lost to whoever reads, who asks again (:mod:`bot.usecases.drafting` does).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ray import serve
from ray.serve.config import AutoscalingConfig
from starlette.applications import Starlette

from model.engine import EngineUnavailableError
from model.serve import DRAIN, TokenRequiredError, load_writer
from model.server import create_app
from model.settings import WorkerSettings
from model.watchdog import watch
from model.worker import Worker
from model.writer import Writer

NAME: Final = "worker"
PROXY: Final = "Ray's proxy"
ROOM: Final = 256  # requests that a replica takes beyond its line's: written, asking for the state, about to be refused
_HEALTH_PERIOD: Final = 5.0  # seconds; three failures in a row end a replica
_log = logging.getLogger(__name__)


class Fleet(BaseModel):
    """How many replicas there may be; the ``args`` of the configuration file. What each of them does, the environment
    says (``GREENLIT_WORKER_*``).
    """  # noqa: D205 - two sentences

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_replicas: Annotated[int, Field(ge=0)] = 1
    max_replicas: Annotated[int, Field(ge=1)] = 1
    briefs_each: Annotated[float, Field(gt=0)] = 4.0
    """Briefs a replica may have, waiting and written, on average, before another one is started."""
    upscale_after: Annotated[float, Field(ge=0)] = 10.0
    """Seconds that there must have been too many."""
    downscale_after: Annotated[float, Field(ge=0)] = 600.0
    """Seconds that there must have been too few."""
    gpus: Annotated[float, Field(ge=0)] = 0.0
    """GPUs of a replica."""
    health_period: Annotated[float, Field(gt=0)] = _HEALTH_PERIOD
    """Seconds between two questions after a replica's health; three bad answers in a row end it."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError("min_replicas is more than max_replicas")
        return self


class Replica:
    """One worker in one process of Ray's. ``settings`` are those of every replica, but for the tokens.

    Tokens are secrets: Ray would keep what it is told in the cluster's memory, so every node has them in its own
    environment.
    """

    def __init__(self, settings: WorkerSettings, load: Callable[[WorkerSettings], Writer] = load_writer) -> None:
        self._settings = settings
        self._load = load
        self._worker = Worker(capacity=settings.capacity, at_once=settings.at_once)
        self._following: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __serve_build_asgi_app__(self) -> Starlette:
        """Load the model and return the worker's application; Ray looks for this name, and sends briefs only then.

        Raises:
            TokenRequiredError: the node's environment has none.
            CheckpointError, QuantizationUnavailableError: see :func:`model.serve.load_writer`.
        """
        token = WorkerSettings().token
        if token is None:
            raise TokenRequiredError(PROXY)
        settings = self._settings.model_copy(update={"openai_token": WorkerSettings().openai_token})
        writer = await asyncio.to_thread(self._load, settings)
        await writer.prepare()
        self._worker.open(writer)
        # All replicas have the same settings: one pointer on a shared volume swaps the adapter in all of them.
        self._following = asyncio.create_task(writer.dresser.follow())
        self._watching = asyncio.create_task(watch(writer.dresser.decoder, self._settings.stall))
        _log.info("ready, model %s", writer.name)
        return create_app(self._worker, token=token, status=self._worker.status, dresser=lambda: self._worker.dresser)

    async def check_health(self) -> None:
        """Return if the worker can write; Ray replaces a replica where this fails.

        Raises:
            EngineUnavailableError: it cannot.
            StalledError: the model hangs.
        """
        if not self._worker.status().ready:
            raise EngineUnavailableError("not ready")
        if self._watching is not None and self._watching.done():
            self._watching.result()


def build(fleet: Fleet) -> serve.Application:
    """Return the application for ``serve run`` and configuration files; the environment is read here, once.

    Raises:
        ValidationError: a setting of the worker is wrong; its ``loc`` names the field.
        TokenRequiredError: there is no token; Ray says where its proxy listens, so we cannot know that nobody comes in.
    """
    settings = WorkerSettings()
    if settings.token is None:
        raise TokenRequiredError(PROXY)
    return deployment(fleet, settings).bind(settings.without_secrets())


def deployment(fleet: Fleet, settings: WorkerSettings) -> serve.Deployment:
    """Return the deployment of ``fleet``, whose replicas are bound to settings like ``settings``."""
    return serve.deployment(
        serve.ingress()(Replica),
        name=NAME,
        max_ongoing_requests=settings.capacity + ROOM,  # never reached: the line refuses, and says when to come back
        autoscaling_config=AutoscalingConfig(
            min_replicas=fleet.min_replicas,
            initial_replicas=fleet.min_replicas,
            max_replicas=fleet.max_replicas,
            target_ongoing_requests=fleet.briefs_each,
            upscale_delay_s=fleet.upscale_after,
            downscale_delay_s=fleet.downscale_after,
        ),
        ray_actor_options={"num_cpus": settings.threads or 1, "num_gpus": fleet.gpus},
        health_check_period_s=fleet.health_period,
        graceful_shutdown_wait_loop_s=1.0,
        graceful_shutdown_timeout_s=DRAIN,
    )
