"""Bluesky, by ``com.atproto`` calls alone: one record a day, under a key made of the day, so that none is put twice."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import httpx
import structlog
from pydantic import SecretStr

from bot.networks import asking, picture, wording
from bot.networks.asking import Json, Unclear
from bot.networks.base import (
    Announcement,
    DuplicatePostError,
    Measure,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
)

log = structlog.get_logger()
HOST: Final = "https://bsky.social"
LIMIT: Final = 300
PICTURE: Final = 1_000_000
BOT_LABEL: Final = "bot"
_BYTES_A_GRAPHEME: Final = 10  # 300 graphemes, and 3,000 bytes
_POSTS, _PROFILES = "app.bsky.feed.post", "app.bsky.actor.profile"
_LABELS: Final = "com.atproto.label.defs#selfLabels"
_DIGITS: Final = "234567abcdefghijklmnopqrstuvwxyz"
_DIGITS_OF_KEY: Final = 13
_DAY_BEGINS: Final = timedelta(hours=14)  # before midnight UTC, where it begins first
_ABSENT: Final = frozenset({"RecordNotFound", "InvalidRequest"})


@dataclass(slots=True)
class _Session:
    """What a sign-in brought; there are few a day, so it is kept and renewed."""

    did: str = ""
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    labelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bluesky:
    """An account on Bluesky, with an app password. ``timeout`` is in seconds, for each answer."""

    handle: str
    password: SecretStr
    host: str = HOST
    timeout: float = asking.TIMEOUT
    name: str = "bluesky"
    _session: _Session = field(default_factory=_Session, repr=False, compare=False)

    @property
    def account(self) -> str:
        """The handle, without ``@``."""
        return self.handle.removeprefix("@").casefold()

    def text(self, announcement: Announcement) -> str:
        """Return title, genre, as much of the summary as fits 300 graphemes, the day's marker and hashtags."""
        ruler = wording.Ruler(limit=LIMIT, length=_length)
        return wording.compose(announcement, ruler, _tags(announcement))

    def measure(self, text: str) -> Measure:
        """Return the graphemes (or a tenth of the bytes, where those are the tighter limit); it costs nothing."""
        return Measure(length=_length(text), limit=LIMIT)

    async def check(self) -> str:
        """Sign in, and return the account's name.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be asked.
        """
        async with self._client() as client:
            await self._enter(client)
        return f"@{self.account}"

    async def post(self, announcement: Announcement, text: str) -> str:
        """Label the profile as a bot's, upload the pictures, put the day's record; return its address.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError, DuplicatePostError: nothing was posted now.
            NetworkUncertainError: no clear answer came after the record was sent.
        """
        async with self._client() as client:
            await self._enter(client)
            await self._say_bot(client)
            images = [await self._upload(client, *each) for each in announcement.pictures]
            record = _record(announcement, text, images)
            key = record_key(announcement.day)
            await self._put(client, _POSTS, key, record, old=None, unclear=NetworkUncertainError)
        return self._address(key)

    async def find(self, announcement: Announcement, text: str) -> str | None:  # noqa: ARG002 - the day is the key
        """Return the address of the day's record if it is there.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be looked up.
        """
        key = record_key(announcement.day)
        async with self._client() as client:
            await self._enter(client)
            return self._address(key) if await self._get(client, _POSTS, key) else None

    def _client(self) -> httpx.AsyncClient:
        return asking.opened(f"{self.host.rstrip('/')}/xrpc/", self.timeout)

    def _address(self, key: str) -> str:
        return f"https://bsky.app/profile/{self._session.did}/post/{key}"

    async def _say_bot(self, client: httpx.AsyncClient) -> None:
        """Put the label on our profile, once; a server that will not have it is no reason to be silent."""
        if self._session.labelled:
            return
        found = await self._get(client, _PROFILES, "self") or {}
        profile = _labelled(found.get("value"))
        if profile:
            try:
                await self._put(client, _PROFILES, "self", profile, old=found.get("cid"))
            except (NetworkRefusedError, DuplicatePostError) as error:
                log.warning("no bot label on the profile", network=self.name, error=str(error))
        self._session.labelled = True

    async def _upload(self, client: httpx.AsyncClient, drawn: bytes, alt: str) -> Json:
        image, kind = picture.fitted(drawn, PICTURE)
        told = await self._ask(
            client, "POST", "com.atproto.repo.uploadBlob", content=image, headers={"Content-Type": kind}
        )
        shown: Json = {"alt": alt, "image": told.get("blob")}
        if pixels := picture.size(drawn):
            shown["aspectRatio"] = {"width": pixels[0], "height": pixels[1]}
        return shown

    async def _get(self, client: httpx.AsyncClient, collection: str, key: str) -> Json | None:
        asked = {"repo": self._session.did, "collection": collection, "rkey": key}
        try:
            return await self._ask(client, "GET", "com.atproto.repo.getRecord", params=asked)
        except NetworkRefusedError as refused:
            if refused.code in _ABSENT:
                return None
            raise

    async def _put(
        self,
        client: httpx.AsyncClient,
        collection: str,
        key: str,
        record: Json,
        *,
        old: str | None,
        unclear: Unclear = NetworkBusyError,
    ) -> None:
        """Put a record in the place of ``old`` (its cid), and of no other; None: where there is none."""
        record = {"repo": self._session.did, "collection": collection, "rkey": key, "record": record, "swapRecord": old}
        try:
            await self._ask(client, "POST", "com.atproto.repo.putRecord", unclear=unclear, json=record)
        except NetworkRefusedError as refused:
            if refused.code == "InvalidSwap":
                raise DuplicatePostError from refused
            raise

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        call: str,
        *,
        unclear: Unclear = NetworkBusyError,
        **rest: object,
    ) -> Json:
        """Ask as ourselves; a session that has run out is renewed once."""
        try:
            return await asking.ask_object(client, method, call, unclear=unclear, **rest)
        except NetworkUnauthorizedError:
            await self._renew(client)
        except NetworkRefusedError as refused:
            if refused.code != "ExpiredToken":
                raise
            await self._renew(client)
        return await asking.ask_object(client, method, call, unclear=unclear, **rest)

    async def _enter(self, client: httpx.AsyncClient) -> None:
        if self._session.access:
            client.headers["Authorization"] = f"Bearer {self._session.access}"
        else:
            await self._sign_in(client)

    async def _renew(self, client: httpx.AsyncClient) -> None:
        client.headers["Authorization"] = f"Bearer {self._session.refresh}"
        try:
            told = await asking.ask_object(client, "POST", "com.atproto.server.refreshSession")
        except (NetworkUnauthorizedError, NetworkRefusedError):
            await self._sign_in(client)
        else:
            self._keep(client, told)

    async def _sign_in(self, client: httpx.AsyncClient) -> None:
        self._session.access = ""
        client.headers.pop("Authorization", None)
        keys = {"identifier": self.account, "password": self.password.get_secret_value()}
        self._keep(client, await asking.ask_object(client, "POST", "com.atproto.server.createSession", json=keys))

    def _keep(self, client: httpx.AsyncClient, told: Json) -> None:
        did, access, refresh = (
            asking.word(told, name, NetworkBusyError) for name in ("did", "accessJwt", "refreshJwt")
        )
        self._session.did, self._session.access, self._session.refresh = did, access, refresh
        client.headers["Authorization"] = f"Bearer {access}"


def record_key(day: date) -> str:
    """Return the key of the day's record: a timestamp identifier, as posts must have, of when the day begins on Earth.

    It is never in the future, wherever the room is.
    """
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC) - _DAY_BEGINS
    number = int(begins.timestamp()) * 1_000_000 << 10
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_DIGITS_OF_KEY)))


def _labelled(profile: object) -> Json | None:
    """Return the profile with a bot's label, or None if it has one."""
    known: Json = profile if isinstance(profile, dict) else {"$type": _PROFILES}
    labels = known.get("labels")
    values = labels.get("values", []) if isinstance(labels, dict) else []
    if {"val": BOT_LABEL} in values:
        return None
    return known | {"labels": {"$type": _LABELS, "values": [*values, {"val": BOT_LABEL}]}}


def _length(text: str) -> int:
    return max(wording.graphemes(text), -(-len(text.encode()) // _BYTES_A_GRAPHEME))


def _tags(announcement: Announcement) -> tuple[str, ...]:
    return wording.hashtags(announcement.genre, wording.MADE_WITH_AI)


def _record(announcement: Announcement, text: str, images: list[Json]) -> Json:
    return {
        "$type": _POSTS,
        "text": text,
        "createdAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "langs": ["en"],
        "facets": _facets(text, _tags(announcement)),
        "embed": {"$type": "app.bsky.embed.images", "images": images},
    }


def _facets(text: str, tags: tuple[str, ...]) -> list[Json]:
    """Say which bytes of ``text`` are our hashtags: its last line; nothing else in it is a link of any kind."""
    facets = []
    at = text.rfind("\n") + 1
    for tag in tags:
        at = text.find(f"#{tag}", at)
        if at < 0:
            break
        start = len(text[:at].encode())
        where = {"byteStart": start, "byteEnd": start + len(tag.encode()) + 1}
        facets.append({"index": where, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}]})
        at += len(tag) + 1
    return facets
