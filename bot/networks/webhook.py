"""A webhook: the show as signed JSON, sent to an address of the owner's; the receiver tells repetitions by their key.

Nothing can be looked up there. What is unclear is sent again with the same key: a receiver must keep the keys it has
seen and answer a known one with 2xx or 409.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from bot.networks import asking, wording
from bot.networks.asking import Json
from bot.networks.base import Announcement, DuplicatePostError, Measure, NetworkUncertainError, marker

SIGNATURE: Final = "X-GreenLIT-Signature"
KEY: Final = "Idempotency-Key"
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that takes the show. ``url`` is secret, because it may hold a password; ``timeout`` is in seconds.

    ``label`` tells two webhooks of one host apart.
    """

    url: SecretStr
    secret: SecretStr
    label: str = ""
    timeout: float = asking.TIMEOUT
    name: str = "webhook"

    @property
    def account(self) -> str:
        """The host, with the label if there is one."""
        return "/".join(filter(None, (urlsplit(self.url.get_secret_value()).hostname or "", self.label)))

    def text(self, announcement: Announcement) -> str:
        """Return title, genre, summary, the day's marker and hashtags; there is no limit."""
        head = f"{announcement.title} ({announcement.genre})"
        tags = " ".join(f"#{tag}" for tag in wording.hashtags(announcement.genre, wording.MADE_WITH_AI))
        return f"{head}\n\n{announcement.summary}\n\n{marker(announcement.day)}\n{tags}"

    def measure(self, text: str) -> Measure:
        """Return the characters; any number is fine and costs nothing."""
        return Measure(length=len(text), limit=None)

    async def post(self, announcement: Announcement, text: str) -> str:
        """Send the show, signed; return the address the receiver gave it, else the key it was sent under.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: the receiver did not take it.
            NetworkUncertainError: no clear answer came; it is sent again with the same key.
        """
        key = f"greenlit-{announcement.day.isoformat()}"
        body = json.dumps(_body(announcement, text, key), ensure_ascii=False).encode()
        moment = str(int(datetime.now(UTC).timestamp()))
        headers = {"Content-Type": "application/json", KEY: key, SIGNATURE: signature(self.secret, moment, body)}
        url = self.url.get_secret_value()
        async with asking.opened("", self.timeout, headers) as client:
            try:
                answer = await asking.send(client, "POST", url, unclear=NetworkUncertainError, content=body)
            except DuplicatePostError:
                return key
        return _address(answer) or key

    async def find(self, announcement: Announcement, text: str) -> str | None:  # noqa: ARG002 - nobody can be asked
        """Return None: nothing can be looked up there, and sending again under the same key is right."""
        return None


def signature(secret: SecretStr, moment: str, body: bytes) -> str:
    """Return ``t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body" in hex>``."""
    signed = hmac.new(secret.get_secret_value().encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"


def _address(answer: httpx.Response) -> str:
    """Return the ``url`` that the receiver names; receivers may say anything else, too."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    url = told.get("url") if isinstance(told, dict) else None
    return url if isinstance(url, str) else ""


def _body(announcement: Announcement, text: str, key: str) -> Json:
    return {
        "version": VERSION,
        "event": "daily_show",
        "key": key,
        "day": announcement.day.isoformat(),
        "text": text,
        "title": announcement.title,
        "summary": announcement.summary,
        "genre": announcement.genre,
        "excerpt": announcement.excerpt,
        "picture": _picture(announcement.picture, announcement.alt),
        "page": _picture(announcement.page, announcement.page_alt) if announcement.page else None,
    }


def _picture(content: bytes, alt: str) -> Json:
    return {"type": "image/png", "base64": base64.b64encode(content).decode(), "alt": alt}
