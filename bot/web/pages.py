"""The pages: the room, a slate, a script."""

from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from bot.app import App
from bot.errors import explain, failure
from bot.export import fountain
from bot.stage import script_work, slate_work
from bot.usecases import browsing, pitching, voting, writing
from bot.usecases.browsing import SlateView
from bot.web import live, shapes
from bot.web.guard import keep_seat, number, require_own_form, seat, sitting
from db.errors import NotFoundError
from db.ids import GuildId, PitchId, ScriptId, SlateId
from db.pitches import Pitch
from db.scripts import Script
from model.briefs import GENRES, MAX_COUNT, MAX_THEME, BadBriefError, PitchBrief, genre, theme

_FOLDER: Final = Path(__file__).parent
_DEFAULT_FORM: Final = {"genre": "comedy", "theme": "", "count": "5"}


class Pages:
    """The routes of the Writers' Room. ``showrunner``: visitors may also decide (the owner's own machine)."""

    def __init__(self, app: App, *, guild: GuildId, showrunner: bool) -> None:
        self._app, self._guild, self._showrunner = app, guild, showrunner
        self._templates = Jinja2Templates(directory=_FOLDER / "templates")
        self._templates.env.globals |= {
            "genres": GENRES,
            "max_theme": MAX_THEME,
            "max_count": MAX_COUNT,
            "showrunner": showrunner,
            "failure": failure,
        }

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root."""
        found = [
            Route("/", self.room, name="room"),
            Route("/slates", self.open_slate, methods=["POST"]),
            Route("/slates/{number:row}", self.slate),
            Route("/slates/{number:row}/live", self.slate_live),
            Route("/votes", self.vote, methods=["POST"]),
            Route("/scripts", self.order, methods=["POST"]),
            Route("/scripts/{number:row}", self.script),
            Route("/scripts/{number:row}.fountain", self.download),
            Route("/scripts/{number:row}/live", self.script_live),
        ]
        if self._showrunner:
            found.append(Route("/greenlights", self.greenlight, methods=["POST"]))
        return found

    def _page(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:  # noqa: ANN401
        response = self._templates.TemplateResponse(request, template, facts, status_code=status)
        return keep_seat(response, seat(request))

    async def room(
        self, request: Request, *, form: dict[str, str] | None = None, complaint: str | None = None
    ) -> Response:
        """Show the room: the form, the newest slates, the leaderboard."""
        return self._page(
            request,
            "room.html",
            status=422 if complaint else 200,
            form=form or _DEFAULT_FORM,
            complaint=complaint,
            slates=await browsing.recent_slates(self._app, self._guild),
            leaders=await browsing.leaderboard(self._app, self._guild),
            posts=await browsing.recent_posts(self._app, 5),
        )

    async def open_slate(self, request: Request) -> Response:
        """Open a slate; a brief that can't be written comes back with the reason, nothing typed is lost."""
        require_own_form(request)
        asked = await _texts(request)
        try:
            brief = PitchBrief(
                genre=genre(asked.get("genre", "")),
                theme=theme(asked.get("theme", "")),
                count=_number(asked.get("count", "5")),
                seed=self._app.new_seed(),
            )
        except BadBriefError as error:
            return await self.room(request, form=_DEFAULT_FORM | asked, complaint=explain(error))
        taken = seat(request)
        slate = await pitching.open_slate(self._app, brief, by=sitting(taken), guild=self._guild)
        return keep_seat(RedirectResponse(f"/slates/{slate.id}", status_code=303), taken)

    async def slate(self, request: Request) -> Response:
        """Show a slate: live while it is written, then with its votes."""
        view = await self._slate_here(request)
        return self._page(
            request, "slate.html", view=view, live=shapes.progress(view.progress) if view.progress else None
        )

    async def slate_live(self, request: Request) -> Response:
        """Stream the writing of a slate."""
        view = await self._slate_here(request)
        return live.follow(self._app.stage, slate_work(view.slate.id), shapes.progress)

    async def vote(self, request: Request) -> Response:
        """Count the visitor's vote; a vote that decides leads to the script."""
        require_own_form(request)
        taken = seat(request)
        pitch_id = await self._pitch_here(request)
        ballot = await voting.cast_vote(self._app, pitch_id, by=sitting(taken))
        return keep_seat(RedirectResponse(f"/slates/{ballot.pitch.slate_id}", status_code=303), taken)

    async def greenlight(self, request: Request) -> Response:
        """Decide for a pitch and show its script being written."""
        require_own_form(request)
        taken = seat(request)
        pitch = await voting.greenlight(self._app, await self._pitch_here(request), by=sitting(taken))
        return await self._to_script(pitch.id, taken)

    async def order(self, request: Request) -> Response:
        """Show the script of a greenlit pitch, ordering it if needed."""
        require_own_form(request)
        taken = seat(request)
        pitch_id = await self._pitch_here(request)
        await writing.order_script(self._app, pitch_id, by=sitting(taken))
        return await self._to_script(pitch_id, taken)

    async def _slate_here(self, request: Request) -> SlateView:
        slate_id = SlateId(number(request, "slate"))
        view = await browsing.slate(self._app, slate_id, member=sitting(seat(request)))
        if view.slate.guild_id != self._guild:
            raise NotFoundError("slate", slate_id)
        return view

    async def _pitch_here(self, request: Request) -> PitchId:
        """Return the pitch that the form names; those of Discord's servers are voted for and decided there."""
        pitch = (await browsing.show(self._app, _pitch(await _texts(request)))).pitch
        if pitch.guild_id != self._guild:
            raise NotFoundError("pitch", pitch.id)
        return pitch.id

    async def _script_here(self, request: Request) -> tuple[Pitch, Script]:
        pitch, script = await browsing.script(self._app, ScriptId(number(request, "script")))
        if pitch.guild_id != self._guild:
            raise NotFoundError("script", script.id)
        return pitch, script

    async def _to_script(self, pitch_id: PitchId, taken: str) -> Response:
        show = await browsing.show(self._app, pitch_id)
        return keep_seat(RedirectResponse(f"/scripts/{show.scripts[0].id}", status_code=303), taken)

    async def script(self, request: Request) -> Response:
        """Show a script: live while it is written, then typeset."""
        pitch, script = await self._script_here(request)
        progress = self._app.stage.latest(script_work(script.id))
        return self._page(
            request,
            "script.html",
            pitch=pitch,
            script=script,
            page=[shapes.element(each) for each in fountain.read(script.fountain).elements] if script.fountain else [],
            live=shapes.progress(progress) if progress else None,
        )

    async def script_live(self, request: Request) -> Response:
        """Stream the writing of a script."""
        _, script = await self._script_here(request)
        return live.follow(self._app.stage, script_work(script.id), shapes.progress)

    async def download(self, request: Request) -> Response:
        """Return a finished script as a Fountain file."""
        pitch, script = await self._script_here(request)
        if not script.fountain:
            raise NotFoundError("finished script", script.id)
        return PlainTextResponse(
            fountain.title_page(title=pitch.title, drafted=script.finished_at) + script.fountain,
            headers={"Content-Disposition": f'attachment; filename="greenlit-{pitch.id}.fountain"'},
        )


async def _texts(request: Request) -> dict[str, str]:
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _pitch(form: dict[str, str]) -> PitchId:
    chosen = _number(form.get("pitch", ""))
    if chosen < 0:
        raise NotFoundError("pitch", form.get("pitch", "")[:40])
    return PitchId(chosen)
