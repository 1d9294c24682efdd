"""X, by its v2 interface: a picture with a description, then the post, each answer told apart."""

import asyncio
import base64
import html
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import tweepy
from pydantic import SecretStr

from bot.networks import tweet_text, wording
from bot.networks.base import (
    Announcement,
    DuplicatePostError,
    Measure,
    NetworkBusyError,
    NetworkError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
    marker,
)

HOST: Final = "https://api.twitter.com"
MAX_ALT: Final = 1000
PLAIN, LINKED, DESCRIPTION = Decimal("0.015"), Decimal("0.200"), Decimal("0.005")
"""US$ a post, a post with a link, and a picture's description."""
_RECENT: Final = 20
_LIMITS: Final = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
_RULER: Final = wording.Ruler(limit=tweet_text.LIMIT, length=tweet_text.weight, safe=tweet_text.unlinked)
_NO_ANSWER: Final = (KeyError, TypeError, AttributeError, ValueError)  # a body that is not the v2 JSON it should be


@dataclass(frozen=True, slots=True, kw_only=True)
class Twitter:
    """An account on X, posting with its own four keys (OAuth 1.0a). ``timeout`` is seconds to connect and to read."""

    consumer_key: SecretStr
    consumer_secret: SecretStr
    access_token: SecretStr
    access_token_secret: SecretStr
    host: str = HOST
    timeout: tuple[float, float] = (5, 20)
    name: str = "twitter"

    @property
    def account(self) -> str:
        """The numeric user id, which X writes in front of the access token."""
        return self.access_token.get_secret_value().partition("-")[0]

    def text(self, announcement: Announcement) -> str:
        """Return title, genre, as much of the summary as fits, the day's marker, hashtags: weighted 280, no links."""
        return wording.compose(announcement, _RULER, wording.hashtags(announcement.genre))

    def measure(self, text: str) -> Measure:
        """Return the length as X weighs it, and the price of the post and of its two pictures' descriptions."""
        price = LINKED if tweet_text.has_link(text) else PLAIN
        return Measure(length=tweet_text.weight(text), limit=tweet_text.LIMIT, cost=price + 2 * DESCRIPTION)

    async def post(self, announcement: Announcement, text: str) -> str:
        """Upload the pictures, describe them, post ``text`` marked as made with AI; return the address.

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError, DuplicatePostError: nothing was posted now.
            NetworkUncertainError: X did not answer, or not in its own words, after the post was sent.
        """
        return await asyncio.to_thread(self._post, announcement, text)

    async def find(self, announcement: Announcement, text: str) -> str | None:
        """Return the address of our recent post with the day's marker (or the same text).

        Raises:
            NetworkUnauthorizedError, NetworkBusyError, NetworkRefusedError: it could not be looked up.
        """
        return await asyncio.to_thread(self._find, marker(announcement.day), text)

    def _post(self, announcement: Announcement, text: str) -> str:
        with self._client() as client:
            with _answers(NetworkBusyError):
                media = [_upload(client, picture, alt) for picture, alt in announcement.pictures]
            with _answers(NetworkUncertainError):
                tweet = {"text": text, "media": {"media_ids": media}, "made_with_ai": True}
                return _address(_json(client, "POST", "/2/tweets", json=tweet)["data"]["id"])

    def _find(self, wanted: str, text: str) -> str | None:
        with self._client() as client, _answers(NetworkBusyError):
            me = _json(client, "GET", "/2/users/me")["data"]["id"]
            recent = _json(client, "GET", f"/2/users/{me}/tweets", params={"max_results": _RECENT})
            for tweet in recent.get("data", ()):
                found = html.unescape(tweet["text"])
                if wanted in found or found.startswith(text):
                    return _address(tweet["id"])
        return None

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Give a tweepy client of our own: it has no time limit, follows redirects and knows one host by itself."""
        client = tweepy.Client(
            consumer_key=self.consumer_key.get_secret_value(),
            consumer_secret=self.consumer_secret.get_secret_value(),
            access_token=self.access_token.get_secret_value(),
            access_token_secret=self.access_token_secret.get_secret_value(),
        )
        with client.session as session:
            send = session.request

            def request(method: str, url: str, **rest: Any) -> Any:  # noqa: ANN401 - requests has no types here
                url = url.replace(HOST, self.host, 1)
                return send(method, url, timeout=self.timeout, allow_redirects=False, **rest)

            session.request = request
            yield client


def _json(client: Any, method: str, route: str, **rest: Any) -> Any:  # noqa: ANN401 - tweepy and JSON have no types
    return client.request(method, route, user_auth=True, **rest).json()


def _upload(client: Any, picture: bytes, alt: str) -> str:  # noqa: ANN401 - tweepy has no types
    """Upload a PNG with its description; return its number."""
    encoded = base64.b64encode(picture).decode()
    upload = {"media": encoded, "media_category": "tweet_image", "media_type": "image/png"}
    number: str = _json(client, "POST", "/2/media/upload", json=upload)["data"]["id"]
    words = {"id": number, "metadata": {"alt_text": {"text": alt[:MAX_ALT]}}}
    client.request("POST", "/2/media/metadata", json=words, user_auth=True)
    return number


def _address(tweet: str) -> str:
    return f"https://x.com/i/web/status/{tweet}"


@contextmanager
def _answers(unclear: Callable[[], NetworkError]) -> Iterator[None]:
    """Turn what tweepy and requests raise into our errors; ``unclear`` is what silence and server errors mean here."""
    try:
        yield
    except tweepy.Unauthorized as error:
        raise NetworkUnauthorizedError from error
    except tweepy.TooManyRequests as error:
        raise NetworkBusyError(_retry_at(error.response.headers)) from error
    except tweepy.HTTPException as error:
        raise _refusal(error, unclear) from error
    except (OSError, *_NO_ANSWER) as error:  # every error of requests is an OSError
        raise unclear() from error


def _refusal(error: Any, unclear: Callable[[], NetworkError]) -> NetworkError:  # noqa: ANN401 - tweepy has no types
    status, words = error.response.status_code, "; ".join(error.api_messages)
    if not 400 <= status < 500 or status == 408:
        return unclear()
    if status == 403 and "duplicate content" in words.casefold():
        return DuplicatePostError()
    return NetworkRefusedError(words or f"{status} {error.response.reason}")


def _retry_at(headers: Mapping[str, str]) -> datetime | None:
    """Return when the last of the exhausted limits opens again; the daily ones are X's too."""
    resets = [
        int(headers[f"{limit}-reset"])
        for limit in _LIMITS
        if headers.get(f"{limit}-reset", "").isdecimal() and headers.get(f"{limit}-remaining", "0") == "0"
    ]
    return datetime.fromtimestamp(max(resets), UTC) if resets else None
