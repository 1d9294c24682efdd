"""The calendar: what was shown where on which day, what comes next, and the owner's word about it."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from bot.app import App
from bot.errors import explain
from bot.usecases import approving, browsing, publishing
from bot.usecases.approving import Proposed, UnfitError
from bot.usecases.showing import Draw
from bot.web.guard import keep_seat, number, require_own_form, seat, sitting
from db.ids import LARGEST_ID, PitchId, PostId, ProposalId
from db.posts import Post
from model.briefs import MAX_SUMMARY, BadBriefError

_FOLDER: Final = Path(__file__).parent
DAYS: Final = 30
_POSTS: Final = 500  # of so many days on however many networks


class Calendar:
    """The routes of the calendar. Only on the owner's own machine (``showrunner``) can anything be changed there."""

    def __init__(self, app: App, draw: Draw, *, showrunner: bool) -> None:
        self._app, self._draw, self._showrunner = app, draw, showrunner
        self._templates = Jinja2Templates(directory=_FOLDER / "templates")

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root."""
        found = [Route("/calendar", self.calendar, name="calendar")]
        if self._showrunner:
            found += [
                Route("/proposals/{number:row}/approve", self.approve, methods=["POST"]),
                Route("/proposals/{number:row}/skip", self.skip, methods=["POST"]),
                Route("/proposals/{number:row}", self.edit, methods=["POST"]),
                Route("/posts/{number:row}/retry", self.retry, methods=["POST"]),
            ]
        return found

    async def calendar(self, request: Request, *, complaint: str | None = None) -> Response:
        """Show the last ``DAYS`` days, newest first, and what is proposed for today and after."""
        today = publishing.today(self._app)
        posts = await browsing.recent_posts(self._app, _POSTS)
        servers = await browsing.posts_on_servers(self._app, today - timedelta(days=DAYS - 1))
        shown = [post for post in posts if post.day > today - timedelta(days=DAYS)]
        response = self._templates.TemplateResponse(
            request,
            "calendar.html",
            {
                "days": _by_day(shown, servers),
                "titles": await self._titles(shown),
                "servers": servers,
                "proposed": await self._proposed(today),
                "showrunner": self._showrunner,
                "complaint": complaint,
                "max_summary": MAX_SUMMARY,
            },
            status_code=422 if complaint else 200,
        )
        return keep_seat(response, seat(request))

    async def approve(self, request: Request) -> Response:
        """Let a show go out."""
        require_own_form(request)
        await approving.approve(self._app, _proposal(request), by=sitting(seat(request)))
        return _back()

    async def skip(self, request: Request) -> Response:
        """Have another show proposed."""
        require_own_form(request)
        await approving.skip(self._app, _proposal(request), by=sitting(seat(request)))
        return _back()

    async def edit(self, request: Request) -> Response:
        """Say something else of a show; what can't be said comes back with the reason."""
        require_own_form(request)
        async with request.form() as form:
            words = form.get("summary")
        try:
            await approving.edit(
                self._app, _proposal(request), words if isinstance(words, str) else "", by=sitting(seat(request))
            )
        except (BadBriefError, UnfitError) as error:
            return await self.calendar(request, complaint=explain(error))
        return _back()

    async def retry(self, request: Request) -> Response:
        """Try once more what a network refused."""
        require_own_form(request)
        await publishing.retry(self._app, self._draw, PostId(number(request, "failed post")))
        return _back()

    async def _proposed(self, today: date) -> tuple[Proposed, ...]:
        return await approving.since(self._app, today) if self._app.approval else ()

    async def _titles(self, posts: list[Post]) -> dict[PitchId, str]:
        wanted = {post.pitch_id for post in posts if post.pitch_id is not None}
        return {pitch_id: (await browsing.show(self._app, pitch_id)).pitch.title for pitch_id in wanted}


def _by_day(posts: list[Post], more: Iterable[date]) -> dict[date, list[Post]]:
    """Return the posts by their days, the newest first, with ``more`` days on which there may be none."""
    days: dict[date, list[Post]] = {day: [] for day in sorted({*more, *(post.day for post in posts)}, reverse=True)}
    for post in posts:
        days[post.day].append(post)
    return days


def _proposal(request: Request) -> ProposalId:
    return ProposalId(min(number(request, "proposal"), LARGEST_ID))


def _back() -> Response:
    return RedirectResponse("/calendar", status_code=303)
