"""Mastodon: the picture with its description, then the status under a key made of the day."""

import asyncio
import html
import re
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from bot.networks import asking, picture, wording
from bot.networks.asking import Json
from bot.networks.base import (
    Announcement,
    Measure,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUncertainError,
    marker,
)

Visibility = Literal["public", "unlisted", "private"]
_RECENT: Final = 40
_TRIES: Final = 30
_TAG: Final = re.compile(r"<[^>]*>")
_LINK: Final = re.compile(r"https?://\S+")
_MENTION: Final = re.compile(r"(?<![\w/])@(\w+)@[\w.-]+\w")


@dataclass(slots=True)
class _Rules:
    """What the instance allows; Mastodon's own values until it was asked."""

    characters: int = 500
    link: int = 23
    description: int = 1500
    picture: int = 16_777_216
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastodon:
    """An account on a Mastodon instance, or another server with its interface.

    ``warning`` hides every post behind these words; ``timeout`` is in seconds, for each answer; ``pause`` between two
    looks at a picture that the instance still works on. ``label`` tells two accounts of one instance apart.
    """

    instance: str
    token: SecretStr
    visibility: Visibility = "public"
    warning: str = ""
    label: str = ""
    timeout: float = asking.TIMEOUT
    pause: float = 1.0
    name: str = "mastodon"
    _rules: _Rules = field(default_factory=_Rules, repr=False, compare=False)

    @property
    def account(self) -> str:
        """The instance's host, with the label if there is one."""
        return "/".join(filter(None, (urlsplit(self.instance).netloc, self.label)))

    def text(self, announcement: Announcement) -> str:
        """Return title, genre, as much of the summary as fits, the day's marker and hashtags; nobody is mentioned."""
        room = self._rules.characters - wording.graphemes(self.warning)
        ruler = wording.Ruler(limit=room, length=self._length, safe=wording.calmed)
        return wording.compose(announcement, ruler, wording.hashtags(announcement.genre, wording.MADE_WITH_AI))

    def measure(self, text: str) -> Measure:
        """Return the characters as Mastodon counts them, the content warning's too; it costs nothing."""
        return Measure(length=self._length(text) + wording.graphemes(self.warning), limit=self._rules.characters)

    async def learn(self) -> None:
        """Ask the instance, once, how long a post may be; one that does not say keeps Mastodon's own rules.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError: it could not be asked.
        """
        if self._rules.known:
            return
        async with self._client() as client:
            try:
                told = await asking.ask_object(client, "GET", "/api/v2/instance")
            except NetworkRefusedError:
                told = {}
        _take(self._rules, told.get("configuration"))

    async def check(self) -> str:
        """Return the account's name, and whether its profile says that it is a bot's.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be asked.
        """
        await self.learn()
        async with self._client() as client:
            me = await _me(client)
        said = "" if me.get("bot") else ", not marked as automated: Preferences, Profile"
        return f"@{me.get('acct')}@{urlsplit(self.instance).netloc}{said}"

    async def post(self, announcement: Announcement, text: str) -> str:
        """Upload the pictures, wait until the instance has them, post; return the address.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: nothing was posted now.
            NetworkUncertainError: no clear answer came after the post was sent.
        """
        async with self._client() as client:
            media = [await self._upload(client, *each) for each in announcement.pictures]
            told = await asking.ask_object(
                client,
                "POST",
                "/api/v1/statuses",
                unclear=NetworkUncertainError,
                json=self._status(text, media),
                headers={"Idempotency-Key": f"greenlit-{announcement.day.isoformat()}"},
            )
        return told.get("url") or asking.word(told, "uri", NetworkUncertainError)

    async def find(self, announcement: Announcement, text: str) -> str | None:  # noqa: ARG002 - the marker is enough
        """Return the address of our own recent post that carries the day's marker.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be looked up.
        """
        async with self._client() as client:
            number = asking.word(await _me(client), "id", NetworkBusyError)
            asked = {"limit": _RECENT, "exclude_reblogs": "true"}
            recent = await asking.ask(client, "GET", f"/api/v1/accounts/{number}/statuses", params=asked)
        if not isinstance(recent, list):
            raise NetworkBusyError
        return _carrying(recent, marker(announcement.day))

    def _client(self) -> httpx.AsyncClient:
        bearer = {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        return asking.opened(self.instance.rstrip("/"), self.timeout, bearer)

    def _length(self, text: str) -> int:
        text = _LINK.sub("x" * self._rules.link, text)
        return wording.graphemes(_MENTION.sub(r"@\1", text))

    def _status(self, text: str, media: list[str]) -> Json:
        status: Json = {"status": text, "media_ids": media, "visibility": self.visibility, "language": "en"}
        return status | ({"spoiler_text": self.warning, "sensitive": True} if self.warning else {})

    async def _upload(self, client: httpx.AsyncClient, drawn: bytes, alt: str) -> str:
        image, kind = picture.fitted(drawn, self._rules.picture)
        words = wording.shortened(alt, self._rules.description, wording.graphemes)
        told = await asking.ask_object(
            client,
            "POST",
            "/api/v2/media",
            files={"file": (f"show.{kind.partition('/')[2]}", image, kind)},
            data={"description": words},
        )
        number = asking.word(told, "id", NetworkBusyError)
        for _ in range(_TRIES):
            if told.get("url"):
                return number
            await asyncio.sleep(self.pause)
            told = await asking.ask_object(client, "GET", f"/api/v1/media/{number}")
        raise NetworkBusyError


async def _me(client: httpx.AsyncClient) -> Json:
    return await asking.ask_object(client, "GET", "/api/v1/accounts/verify_credentials")


def _take(rules: _Rules, told: object) -> None:
    configuration = told if isinstance(told, dict) else {}
    statuses, media = configuration.get("statuses", {}), configuration.get("media_attachments", {})
    rules.characters = _number(statuses, "max_characters", rules.characters)
    rules.link = _number(statuses, "characters_reserved_per_url", rules.link)
    rules.description = _number(media, "description_limit", rules.description)
    rules.picture = _number(media, "image_size_limit", rules.picture)
    rules.known = True


def _number(told: object, name: str, otherwise: int) -> int:
    found = told.get(name) if isinstance(told, dict) else None
    return found if isinstance(found, int) and found > 0 else otherwise


def _carrying(statuses: list[object], wanted: str) -> str | None:
    for status in statuses:
        if isinstance(status, dict) and wanted in html.unescape(_TAG.sub("", str(status.get("content", "")))):
            return status.get("url") or status.get("uri")
    return None
