"""One round of the writers' room, played against a running bot: pitch, votes, greenlight, script, daily post."""

import json
from collections.abc import AsyncGenerator
from typing import Any, Final

import httpx
from httpx_sse import aconnect_sse

MEMBERS: Final = ("Ada", "Bruno", "Chidi", "Dana", "Emre", "Fay", "Goro")
_TIMEOUT: Final = httpx.Timeout(30.0, read=120.0)

Step = dict[str, Any]
"""One thing that happened: ``step`` names it, the rest are its facts."""


class RoundError(RuntimeError):
    """The bot refused a step; the message is its sentence."""


class Guests:
    """Several members who use the bot's JSON interface."""

    def __init__(self, page_url: str, api_token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{page_url}/api",
            headers={"Authorization": f"Bearer {api_token}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Leave."""
        await self._http.aclose()

    async def get(self, path: str) -> Any:  # noqa: ANN401 – JSON
        """Return what stands at ``path``."""
        return _value(await self._http.get(path))

    async def post(self, path: str, **facts: object) -> Any:  # noqa: ANN401 – JSON
        """Do something at ``path``."""
        return _value(await self._http.post(path, json=facts))

    async def follow(self, path: str) -> AsyncGenerator[Step]:
        """Yield the states of a piece of work until it is done."""
        async with aconnect_sse(self._http, "GET", f"{path}/live") as source:
            async for event in source.aiter_sse():
                if event.event == "progress":
                    yield json.loads(event.data)

    async def play(self, *, genre: str, theme: str, seed: int | None) -> AsyncGenerator[Step]:
        """Play one round, a step at a time.

        Raises:
            RoundError: the bot refused a step.
        """
        slate = await self.post("/slates", member=MEMBERS[0], genre=genre, theme=theme, count=5, seed=seed)
        yield {"step": "asked", "genre": slate["genre"], "theme": slate["theme"], "seed": slate["seed"]}
        path = f"/slates/{slate['id']}"
        async for state in self.follow(path):
            yield {"step": "writing slate", "place": state["place"], "pitches": state["pitches"]}
        slate = await self.get(path)
        if slate["failure"]:
            raise RoundError(slate["failure"])
        yield {"step": "slate", **slate}
        winner = None
        async for ballot in self._vote(slate["pitches"]):
            winner = ballot["pitch"] if ballot["greenlit"] else None
            yield {"step": "vote", **ballot, "slate": (await self.get(path))["pitches"]}
        if winner is None:
            raise RoundError("No title got enough votes.")
        async for step in self._script(winner):
            yield step
        for post in await self.post("/posts"):
            yield {"step": "post", **post}

    async def _vote(self, pitches: list[Step]) -> AsyncGenerator[Step]:
        """Have the members vote, each for one title, until one is greenlit; the longest summary is the favourite."""
        favourite = max(pitches, key=lambda pitch: len(pitch["summary"]))
        for number, member in enumerate(MEMBERS):
            choice = pitches[number % len(pitches)] if number in {1, 3} else favourite
            ballot = await self.post("/votes", member=member, pitch=choice["id"])
            yield {"member": member, **ballot}
            if ballot["greenlit"]:
                return

    async def _script(self, pitch: Step) -> AsyncGenerator[Step]:
        script = (await self.get(f"/shows/{pitch['id']}"))["scripts"][0]
        yield {"step": "greenlit", "title": pitch["title"], "summary": pitch["summary"], "script": script["id"]}
        path = f"/scripts/{script['id']}"
        async for state in self.follow(path):
            yield {"step": "writing script", "place": state["place"], "text": "".join(state["texts"])}
        script = await self.get(path)
        if script["failure"]:
            raise RoundError(script["failure"])
        yield {"step": "script", **script}


def _value(response: httpx.Response) -> Any:  # noqa: ANN401 – JSON
    value = response.json()
    if response.is_error:
        raise RoundError(value["error"]["sentence"])
    return value
