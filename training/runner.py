"""The watcher: claims runs that somebody queued, one at a time, and sees each to its end, also after a kill.

The row says who works on a run and how far it is; the training itself goes on from its checkpoints. So a watcher may
be killed at any moment: when it has not been heard of for a lease, it or another takes the run up again.
"""

import asyncio
import logging
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from db import adapters, guilds, runs
from db import feedback as verdicts
from db.database import Database
from db.errors import StorageError
from db.ids import GuildId
from db.runs import Far, Run
from model import checkpoint
from model.adapters import WEIGHTS, Store
from training.ancestry import told_of
from training.feedback import Feedback, Minimum, gather
from training.memory import require_memory
from training.retrain import NothingNewError, NotYetError, Outcome, Room, Schooling, Writers, retrain
from training.runs import RunBusyError
from training.sentences import sentence
from training.settings import TrainerSettings

_A_STEP: Final = 16  # pairs of a step, however many are computed at once
_ROWS: Final = 8  # rows of a step of the supervised half
_LONGEST: Final = 256  # positions of a side that memory is reckoned with
_CURVE: Final = 200  # losses kept in the row
ROOM: Final = GuildId("room")
log: Final = logging.getLogger(__name__)


class CalledOffError(Exception):
    """The run was called off, given to another, or the watcher is to stop."""


@dataclass(slots=True)
class Work:
    """How far a training is, told by its thread and read by the loop; ``off`` calls it off."""

    off: threading.Event = field(default_factory=threading.Event)
    far: Far = field(default_factory=Far)

    def report(self, stage: str, step: int, steps: int, loss: float | None) -> None:
        """Keep what the training tells.

        Raises:
            CalledOffError: it is to end.
        """
        if self.off.is_set():
            raise CalledOffError
        losses = () if steps and stage != self.far.stage else self.far.losses  # a curve stays while it is judged
        told = (*losses, round(loss, 4)) if loss is not None else losses
        self.far = Far(stage=stage, step=step, steps=steps, losses=told[-_CURVE:])


def schooling_of(settings: TrainerSettings) -> Schooling:
    """Return the numbers of a retraining as the operator wants them."""
    usual = Schooling()
    machine = {"method": settings.train_method, "checkpointing": settings.train_checkpointing}
    batch = {"batch": settings.train_batch, "accumulate": max(1, _A_STEP // settings.train_batch)}
    rows = min(_ROWS, settings.train_batch)
    sft_batch = {"batch": rows, "accumulate": _ROWS // rows}
    return replace(
        usual,
        sft=replace(usual.sft, **machine, **sft_batch),  # type: ignore[arg-type]
        dpo=replace(usual.dpo, **machine, **batch),  # type: ignore[arg-type]
        minimum=Minimum(slates=settings.train_slates, voters=settings.train_voters, judges=settings.train_judges),
    )


class Watcher:
    """One process that works on queued runs."""

    def __init__(
        self,
        database: Database,
        settings: TrainerSettings,
        *,
        schooling: Schooling | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._settings, self._now = database, settings, now
        self._schooling = schooling or schooling_of(settings)
        self._store = Store(settings.worker_adapters)
        self._by = uuid.uuid4().hex
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End after giving back what is being worked on."""
        self._stopping.set()

    async def watch(self) -> int:
        """Work on whatever is queued until :meth:`stop`, and return how many runs that were.

        A database that is away for a while is waited for.
        """
        done = 0
        while not self._stopping.is_set():
            try:
                if await self.once():
                    done += 1
                    continue
            except StorageError as error:
                log.warning("The database cannot be used just now (%s).", type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._settings.train_period)
        return done

    async def once(self) -> bool:
        """Claim a run and see it to its end; ``False`` if there was none.

        Raises:
            StorageError: the database cannot be used.
        """
        await self._queue_by_itself()
        lease = timedelta(seconds=self._settings.train_lease)
        async with self._database.writing() as session:
            run = await runs.claim(session, by=self._by, now=self._now(), lease=lease)
        if run is None:
            return False
        log.info("Run %s is begun.", run.id)
        await self._see_to_its_end(run)
        return True

    async def _queue_by_itself(self) -> None:
        """Queue a run when there are as many new votes as the operator said."""
        if not self._settings.train_after:
            return
        async with self._database.reading() as session:
            if await runs.unfinished(session):
                return
            since = await runs.last_begun(session)
            votes = await verdicts.verdicts_since(session, since)
        if votes >= self._settings.train_after:
            async with self._database.writing() as session:
                await guilds.ensure(session, ROOM)
                await runs.queue(session, guild_id=ROOM, asked_by=None, now=self._now())

    async def _see_to_its_end(self, run: Run) -> None:
        work = Work()
        try:
            async with self._beating(run, work):
                feedback = await gather(self._database, run.started_at or self._now())
                outcome = await asyncio.to_thread(self._train, run, feedback, work)
                adapter = await asyncio.to_thread(self._publish, outcome, work)
            await self._finish(run, outcome, adapter)
        except CalledOffError:
            await self._let_go(run)
        except (NotYetError, NothingNewError) as error:
            await self._fail(run, error, f"Not yet: {error}." if str(error) else "Nothing new was decided since.")
        except RunBusyError:  # its worker was thought dead, and still ends; after another lease the run goes on
            log.info("Run %s is still being worked on.", run.id)
        except StorageError:
            raise
        except Exception as error:
            log.exception("Run %s failed.", run.id)
            await self._fail(run, error, sentence(error))

    def _train(self, run: Run, feedback: Feedback, work: Work) -> Outcome:
        """Train; in a thread of its own."""
        work.report("reading", 0, 0, None)
        recipe = replace(self._schooling.dpo, base=self._settings.worker_model)
        require_memory(recipe, rows=2 * recipe.batch, length=_LONGEST)  # as much as a row of the first half
        name = f"community-{run.id}-{feedback.digest[:6]}"
        self._forget_others(run, name)
        writers = Writers.of(self._store, feedback.lineage)
        settings = self._settings
        room = Room(base=settings.worker_model, below=settings.train_runs, corpus=settings.train_corpus)
        return retrain(name, room, writers, feedback, self._schooling, work.report)

    def _forget_others(self, run: Run, name: str) -> None:
        """Delete what this run learnt from verdicts that have been taken back since."""
        for folder in self._settings.train_runs.glob(f"community-{run.id}-*"):
            if folder.name != name:
                shutil.rmtree(folder)

    def _publish(self, outcome: Outcome, work: Work) -> str | None:
        """Put the adapter into the store and make it the active one, if it may write."""
        if not outcome.verdict.published:
            return None
        work.report("publishing", 0, 0, None)
        base = Path(self._settings.worker_model)
        name = self._store.publish(outcome.run.model, base=base if base.is_dir() else None)
        self._store.activate(name)
        self._store.prune(self._settings.train_keep, also=self._roots())
        return name

    def _roots(self) -> frozenset[str]:
        """Return the adapters that were made by hand: lines begin with them."""
        return frozenset(name for name in self._store.names() if told_of(self._store.path(name)) is None)

    async def _finish(self, run: Run, outcome: Outcome, adapter: str | None) -> None:
        picture = await asyncio.to_thread(outcome.picture.read_bytes) if outcome.picture.exists() else None
        told = {"verdict": outcome.verdict.sentence, "adapter": adapter, "picture": picture}
        async with self._database.writing() as session:
            theirs = await runs.finish(session, run.id, by=self._by, now=self._now(), **told)  # type: ignore[arg-type]
            if theirs and adapter is not None:
                manifest = checkpoint.described(self._store.path(adapter))
                await adapters.add(
                    session,
                    name=adapter,
                    folder=str(self._store.path(adapter)),
                    sha256=manifest.files[WEIGHTS],
                    format_version=manifest.format_version or 0,
                    now=self._now(),
                    run_id=run.id,
                )
        if not theirs and adapter is not None:
            await asyncio.to_thread(self._take_back, adapter)
        log.info("Run %s: %s", run.id, outcome.verdict.sentence)

    def _take_back(self, adapter: str) -> None:
        """Undo the activation of a run that was called off in the last moment."""
        if self._store.active() == adapter:
            self._store.rollback()

    async def _fail(self, run: Run, error: Exception, told: str | None) -> None:
        async with self._database.writing() as session:
            await runs.fail(session, run.id, by=self._by, now=self._now(), reason=type(error).__name__, told=told)
        log.info("Run %s failed: %s", run.id, told or type(error).__name__)

    async def _let_go(self, run: Run) -> None:
        async with self._database.writing() as session:
            await runs.release(session, run.id, by=self._by)
        log.info("Run %s is let go.", run.id)

    @asynccontextmanager
    async def _beating(self, run: Run, work: Work) -> AsyncIterator[None]:
        """Give signs of life meanwhile, and call the work off when the row is not ours any more."""
        beats = asyncio.create_task(self._beat(run, work))
        try:
            yield
        finally:
            beats.cancel()
            with suppress(asyncio.CancelledError):
                await beats

    async def _beat(self, run: Run, work: Work) -> None:
        while True:
            try:
                async with self._database.writing() as session:
                    ours = await runs.beat(session, run.id, by=self._by, now=self._now(), far=work.far)
            except StorageError as error:
                log.warning("No sign of life could be given (%s).", type(error).__name__)
                ours = True
            if not ours or self._stopping.is_set():
                work.off.set()
            await asyncio.sleep(self._settings.train_period)
