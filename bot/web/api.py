"""The JSON interface under /api, for scripts and the terminal round; its bearer speaks for any member."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.errors import explain
from bot.stage import script_work, slate_work
from bot.usecases import browsing, pitching, publishing, voting, writing
from bot.usecases.approving import NotApprovedError
from bot.usecases.showing import Draw
from bot.web import live, shapes
from bot.web.guard import number, require_token
from db.ids import LARGEST_ID, GuildId, MemberId, PitchId, ScriptId, SlateId
from model.briefs import PitchBrief, genre, theme


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    member: str = Field(pattern=r"^[\w .-]{1,64}$")


class _Pitch(_Request):
    genre: str
    theme: str
    count: int = 5
    seed: int | None = None


class _Choice(_Request):
    pitch: int = Field(ge=0, le=LARGEST_ID)


class Api:
    """The routes of the JSON interface."""

    def __init__(self, app: App, draw: Draw, *, token: str | None, guild: GuildId) -> None:
        self._app, self._draw, self._token, self._guild = app, draw, token, guild

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at ``/api``."""
        return [
            Route("/slates", self.open_slate, methods=["POST"]),
            Route("/slates/{number:row}", self.slate),
            Route("/slates/{number:row}/live", self.slate_live),
            Route("/votes", self.vote, methods=["POST"]),
            Route("/greenlights", self.greenlight, methods=["POST"]),
            Route("/scripts", self.order, methods=["POST"]),
            Route("/scripts/{number:row}", self.script),
            Route("/scripts/{number:row}/live", self.script_live),
            Route("/shows/{number:row}", self.show),
            Route("/leaderboard", self.leaderboard),
            Route("/posts", self.publish, methods=["POST"]),
            Route("/memory", self.memory),
        ]

    @staticmethod
    def _member(name: str) -> MemberId:
        return MemberId(f"guest:{name}")

    async def open_slate(self, request: Request) -> Response:
        """Open a slate; answers 202 at once."""
        require_token(request, self._token)
        asked = _Pitch.model_validate_json(await request.body())
        brief = PitchBrief(
            genre=genre(asked.genre),
            theme=theme(asked.theme),
            count=asked.count,
            seed=self._app.new_seed() if asked.seed is None else asked.seed,
        )
        slate = await pitching.open_slate(self._app, brief, by=self._member(asked.member), guild=self._guild)
        view = await browsing.slate(self._app, slate.id)
        return JSONResponse(shapes.slate(view), status_code=202)

    async def slate(self, request: Request) -> Response:
        """Return one slate."""
        require_token(request, self._token)
        return JSONResponse(shapes.slate(await browsing.slate(self._app, SlateId(number(request, "slate")))))

    async def slate_live(self, request: Request) -> Response:
        """Stream the writing of one slate."""
        require_token(request, self._token)
        return live.follow(self._app.stage, slate_work(request.path_params["number"]), shapes.progress)

    async def vote(self, request: Request) -> Response:
        """Count a member's vote."""
        require_token(request, self._token)
        choice = _Choice.model_validate_json(await request.body())
        ballot = await voting.cast_vote(self._app, PitchId(choice.pitch), by=self._member(choice.member))
        return JSONResponse({"pitch": shapes.pitch(ballot.pitch), "greenlit": ballot.greenlit})

    async def greenlight(self, request: Request) -> Response:
        """Decide for a pitch, as a showrunner."""
        require_token(request, self._token)
        choice = _Choice.model_validate_json(await request.body())
        pitch = await voting.greenlight(self._app, PitchId(choice.pitch), by=self._member(choice.member))
        return JSONResponse(shapes.pitch(pitch))

    async def order(self, request: Request) -> Response:
        """Order the script of a greenlit pitch; answers 202 at once."""
        require_token(request, self._token)
        choice = _Choice.model_validate_json(await request.body())
        script = await writing.order_script(self._app, PitchId(choice.pitch), by=self._member(choice.member))
        return JSONResponse(shapes.script(script), status_code=202)

    async def script(self, request: Request) -> Response:
        """Return one script."""
        require_token(request, self._token)
        _, script = await browsing.script(self._app, ScriptId(number(request, "script")))
        return JSONResponse(shapes.script(script))

    async def script_live(self, request: Request) -> Response:
        """Stream the writing of one script."""
        require_token(request, self._token)
        return live.follow(self._app.stage, script_work(request.path_params["number"]), shapes.progress)

    async def show(self, request: Request) -> Response:
        """Return a pitch with its scripts."""
        require_token(request, self._token)
        show = await browsing.show(self._app, PitchId(number(request, "pitch")))
        scripts: list[dict[str, Any]] = [shapes.script(script) for script in show.scripts]
        return JSONResponse({"pitch": shapes.pitch(show.pitch), "scripts": scripts})

    async def leaderboard(self, request: Request) -> Response:
        """Return the most voted pitches."""
        require_token(request, self._token)
        return JSONResponse([shapes.pitch(row) for row in await browsing.leaderboard(self._app, self._guild)])

    async def publish(self, request: Request) -> Response:
        """Post today's show wherever it is not posted yet; one that waits for the owner's word says so."""
        require_token(request, self._token)
        today = publishing.today(self._app)
        try:
            posts = await publishing.publish(self._app, self._draw, today)
        except NotApprovedError as error:
            waiting = await publishing.posts_of(self._app, today)
            return JSONResponse([shapes.post(row) | {"reason": row.reason or explain(error)} for row in waiting])
        return JSONResponse([shapes.post(row) for row in posts])

    async def memory(self, request: Request) -> Response:
        """Return how much the room remembers."""
        require_token(request, self._token)
        return JSONResponse(await browsing.remembered(self._app))
