"""Who dresses the decoder: keeps to the store's pointer, and gives every brief one adapter from its start to its end.

Nobody waits for a swap: briefs that are being written keep what they wear, later ones wear the new. An adapter that
cannot be worn is told of once, and what was worn before stays until the pointer changes again.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final

from model.adapter_errors import AdapterRefusedError, AdaptersUnsupportedError, NoStoreError, StoreError
from model.adapters import Pointer, Store
from model.checkpoint import BrokenCheckpointError, FormatMismatchError
from model.decoder import Adaptable, Decoder, Warm
from model.engine import EngineError
from model.engines import AdapterMissingError, NoRoomError, NotFiniteError

PERIOD: Final = 1.0  # seconds between two looks at the pointer
_log = logging.getLogger(__name__)


class Dresser:
    """A decoder with the adapters of a store, or with none."""

    def __init__(self, decoder: Decoder, store: Store | None = None) -> None:
        """Begin with the base; the first look, or the first brief, puts on what is active.

        Raises:
            AdaptersUnsupportedError: there is a store, and the decoder can do nothing with it.
        """
        if store is not None and not isinstance(decoder, Adaptable):
            raise AdaptersUnsupportedError(decoder.name)
        self._decoder = decoder
        self._store = store
        self._active: str | None = None
        self._loaded: set[str] = set()
        self._leftover: set[str] = set()  # not worn any more, and not dropped yet
        self._users: Counter[str] = Counter()
        self._changing = asyncio.Lock()
        self._looked = False
        self._seen: object = None  # the pointer, as it was when it was followed last

    @property
    def decoder(self) -> Decoder:
        """What writes, without an adapter."""
        return self._decoder

    @property
    def name(self) -> str:
        """What the next brief is written by."""
        return self._worn(self._active).name

    @property
    def active(self) -> str | None:
        """The adapter that the next brief wears; None is the base."""
        return self._active

    def names(self) -> tuple[str, ...]:
        """Return what is in the store, as far as that can be seen."""
        try:
            return self._store.names() if self._store else ()
        except StoreError:
            return ()

    @asynccontextmanager
    async def wearing(self, name: str | None = None) -> AsyncGenerator[Decoder]:
        """Give the decoder for one brief, with the adapter ``name``, or else the active one; "" is the base.

        Raises:
            AdapterMissingError: there is none of that name.
            AdapterRefusedError: it cannot be worn.
        """
        if not self._looked:
            await self.look()
        worn = self._active if name is None else name or None
        while worn is not None and worn not in self._loaded:
            await asyncio.shield(asyncio.ensure_future(self._fetch(worn)))  # who leaves does not leave it half loaded
        if worn is None:
            yield self._decoder
            return
        self._users[worn] += 1
        try:
            yield self._worn(worn)
        finally:
            self._users[worn] -= 1

    async def look(self) -> None:
        """Follow the pointer if it has changed, and let go of adapters that nobody wears any more."""
        if self._store is not None:
            async with self._changing:
                stamp = await asyncio.to_thread(self._store.stamp)
                if stamp is not None and stamp != self._seen:
                    self._seen = stamp if await self._follow_pointer(self._store) else None
                await self._tidy()
        self._looked = True

    async def follow(self, period: float = PERIOD) -> None:
        """Look every ``period`` seconds, until it is cancelled."""
        while True:
            await asyncio.sleep(period)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - whatever it is, briefs are written
                _log.exception("the adapters cannot be looked after; %s goes on", self.name)

    async def pointer(self) -> tuple[tuple[str, ...], Pointer]:
        """Return the names in the store, and what is active there.

        Raises:
            NoStoreError: there is no store.
            StoreUnusableError: it cannot be read.
        """
        store = self._require_store()
        return await asyncio.to_thread(store.names), await asyncio.to_thread(store.pointer)

    async def activate(self, name: str | None) -> None:
        """Make ``name`` the store's active adapter, or none, and what the next brief wears.

        Raises:
            AdapterMissingError, AdapterRefusedError: it cannot be worn; nothing is changed.
            StoreError: there is no store, or it cannot be written.
        """
        store = self._require_store()
        await self._change_to(name, lambda: store.activate(name))

    async def rollback(self) -> None:
        """Make active what was so before, in the store and here.

        Raises:
            NothingBeforeError: there is nothing to go back to.
            AdapterMissingError, AdapterRefusedError, StoreError: see :meth:`activate`.
        """
        store = self._require_store()
        before = (await asyncio.to_thread(store.pointer)).before
        await self._change_to(before[-1] if before else None, store.rollback)

    async def _change_to(self, name: str | None, change: Callable[[], object]) -> None:
        async with AsyncExitStack() as worn:
            if name is not None:
                await worn.enter_async_context(self.wearing(name))  # first: what cannot be worn does not become active
            with _refused(name or ""):
                await asyncio.to_thread(change)
            await self.look()

    async def _fetch(self, name: str) -> None:
        store = self._store
        if store is None:
            raise AdapterMissingError(name)
        async with self._changing:
            if name not in self._loaded:
                await self._load(store, name)

    async def _follow_pointer(self, store: Store) -> bool:
        """Wear what is active; say whether that is settled, or worth another try."""
        try:
            name = await asyncio.to_thread(store.active)
            if name is not None and name not in self._loaded:
                await self._load(store, name)
        except NoRoomError:
            _log.warning("no memory for this adapter yet, %s goes on", self.name)
            return False
        except EngineError as error:
            _log.warning("this adapter is refused, %s goes on: %s", self.name, error)
            return True
        except Exception:  # noqa: BLE001 - whatever it brought: briefs are written without it
            _log.exception("this adapter is refused, %s goes on", self.name)
            return True
        if name != self._active:
            self._active = name
            _log.info("new briefs are written by %s", self.name)
        return True

    async def _load(self, store: Store, name: str) -> None:
        with _refused(name):
            folder = await asyncio.to_thread(store.path, name)
            await self._adaptable.load_adapter(folder)
            worn = self._worn(name)
            try:
                if isinstance(worn, Warm):
                    await worn.warm()
            except BaseException:
                await self._adaptable.drop_adapter(name)
                raise
        self._loaded.add(name)

    async def _tidy(self) -> None:
        for name in [name for name in self._loaded if name != self._active and not self._users[name]]:
            self._loaded.discard(name)  # first: from here on it is loaded anew
            del self._users[name]
            self._leftover.add(name)
        for name in self._leftover - self._loaded:
            try:
                await self._adaptable.drop_adapter(name)
            except Exception:  # noqa: BLE001 - it only takes room; the next look tries again
                _log.exception("the adapter %s is not worn any more, and cannot be dropped", name)
            else:
                self._leftover.discard(name)

    def _worn(self, name: str | None) -> Decoder:
        return self._decoder if name is None else self._adaptable.wearing(name)

    @property
    def _adaptable(self) -> Adaptable:
        assert isinstance(self._decoder, Adaptable)  # noqa: S101 - or there were no store
        return self._decoder

    def _require_store(self) -> Store:
        if self._store is None:
            raise NoStoreError
        return self._store


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Say whatever is wrong with an adapter's weights as one error."""
    try:
        yield
    except BrokenCheckpointError as error:
        raise AdapterRefusedError(name, error.reason) from error
    except FormatMismatchError as error:
        raise AdapterRefusedError(name, f"format {error.found} instead of {error.wanted}") from error
    except NotFiniteError as error:
        raise AdapterRefusedError(name, "its scores are no numbers") from error
