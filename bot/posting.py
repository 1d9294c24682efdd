"""What ``greenlit post`` shows and does: today's show on every network, or only how it would look."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from bot.__main__ import draw, equipment
from bot.settings import BotSettings
from bot.usecases import publishing
from bot.usecases.publishing import Preview
from db.posts import Post

Facts = dict[str, Any]
_NO_FILE_NAME: Final = re.compile(r"[^\w.-]+")


async def previews(settings: BotSettings, into: Path | None) -> AsyncGenerator[Facts]:
    """Yield what each network would be sent today; ``into`` is a folder for texts and pictures.

    Raises:
        NothingToPostError: no show is finished.
        StorageError, AccountsUnusableError, NetworkError, OSError: it cannot be found out, or not be written.
    """
    async with equipment(settings) as app:
        found = await publishing.preview(app, draw, publishing.today(app))
    for each in found:
        yield _shown(each) | {"picture": str(_write(into, each)) if into else None}


async def post(settings: BotSettings) -> AsyncGenerator[Facts]:
    """Post what is due today and was not posted yet; yield how each post stands.

    Raises:
        NothingToPostError: there is no show and none could be written.
        StorageError, AccountsUnusableError: the room cannot be opened.
    """
    async with equipment(settings) as app:
        try:
            posts = await publishing.publish(app, draw, publishing.today(app))
        finally:
            await app.crew.drain(settings.drain_seconds)
    for each in posts:
        yield _told(each)


def _shown(preview: Preview) -> Facts:
    measure = preview.measure
    return {
        "day": preview.announcement.day.isoformat(),
        "network": preview.network,
        "account": preview.account,
        "text": preview.text,
        "length": measure.length,
        "limit": measure.limit,
        "cost_usd": float(measure.cost),
        "alt": preview.announcement.alt,
    }


def _told(post: Post) -> Facts:
    return {
        "day": post.day.isoformat(),
        "network": post.network,
        "account": post.account,
        "state": post.state,
        "address": post.address,
        "reason": post.reason,
        "retry_at": post.retry_at.isoformat() if post.retry_at else None,
    }


def _write(folder: Path, preview: Preview) -> Path:
    """Write the text and the pictures of a network into ``folder``; return the poster's path."""
    folder.mkdir(parents=True, exist_ok=True)
    place = "-".join(filter(None, (preview.network, _NO_FILE_NAME.sub("-", preview.account))))
    (folder / f"{place}.txt").write_text(f"{preview.text}\n", encoding="utf-8")
    if preview.announcement.page:
        (folder / f"{place}-page.png").write_bytes(preview.announcement.page)
    poster = folder / f"{place}.png"
    poster.write_bytes(preview.announcement.picture)
    return poster


def in_words(facts: Facts) -> str:
    """Return what a person reads of a preview or a post."""
    place = f"{facts['network']} ({facts['account']})" if facts["account"] else facts["network"]
    if "text" in facts:
        length = f"{facts['length']}" + (f" of {facts['limit']}" if facts["limit"] else "")
        cost = f"US$ {facts['cost_usd']:.3f}" if facts["cost_usd"] else "free"
        picture = f", picture {facts['picture']}" if facts["picture"] else ""
        return f"{place}: length {length}, {cost}{picture}\n\n{facts['text']}\n"
    more = facts["address"] or facts["reason"] or ""
    later = f", again at {facts['retry_at']}" if facts["retry_at"] else ""
    return f"{place}: {facts['state']}{' ' if more else ''}{more}{later}"
