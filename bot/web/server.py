"""The web half of the bot: pages, JSON interface, health, and errors as sentences."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from bot import errors
from bot.app import App
from bot.usecases.approving import SettledError
from bot.usecases.reserve import NothingToPostError
from bot.usecases.showing import Draw
from bot.usecases.voting import PitchDecidedError
from bot.usecases.writing import NotGreenlitError
from bot.web.api import Api
from bot.web.calendar import Calendar
from bot.web.guard import BadTokenError, ForeignFormError, LimitBody, OwnFrame, TooLargeError
from bot.web.pages import Pages
from db.errors import NotFoundError, SlateClosedError, StorageError
from db.ids import GuildId
from model.briefs import BadBriefError
from model.screenplay import NotAScriptError

PAGE: Final = GuildId("page")
_FOLDER: Final = Path(__file__).parent
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]", "::1")
_STATUSES: Final[dict[type[Exception], HTTPStatus]] = {
    BadBriefError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAScriptError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    SlateClosedError: HTTPStatus.CONFLICT,
    PitchDecidedError: HTTPStatus.CONFLICT,
    SettledError: HTTPStatus.CONFLICT,
    NotGreenlitError: HTTPStatus.CONFLICT,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    NothingToPostError: HTTPStatus.SERVICE_UNAVAILABLE,
    ForeignFormError: HTTPStatus.FORBIDDEN,
    BadTokenError: HTTPStatus.UNAUTHORIZED,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ValidationError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches ``host``."""
    return host in _LOOPBACK


def create_app(app: App, draw: Draw, *, api_token: str | None, host: str) -> Starlette:
    """Return the ASGI application of the Writers' Room."""
    calendar = Calendar(app, draw, showrunner=is_loopback(host))
    pages = Pages(app, guild=PAGE, showrunner=is_loopback(host))
    api = Api(app, draw, token=api_token, guild=PAGE)
    hosts = list(_LOOPBACK) if is_loopback(host) else ["*"]
    site = Starlette(
        routes=[
            *pages.routes(),
            *calendar.routes(),
            Mount("/api", routes=api.routes()),
            Mount("/static", StaticFiles(directory=_FOLDER / "static")),
            Mount("/fonts", StaticFiles(directory=_FOLDER.parent / "ui" / "fonts")),
            Route("/livez", _alive),
            Route("/readyz", _Ready(app).answer),
        ],
        middleware=[
            Middleware(OwnFrame),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
            Middleware(LimitBody),
        ],
    )
    for kind in (*_STATUSES, HTTPException, Exception):  # the last one's are logged as a fault of ours, too
        site.add_exception_handler(kind, _refuse)
    return site


async def _alive(request: Request) -> Response:
    del request
    return JSONResponse({"alive": True})


class _Ready:
    def __init__(self, app: App) -> None:
        self._app = app

    async def answer(self, request: Request) -> Response:
        """Say whether the database answers and is up to date."""
        del request
        try:
            await self._app.database.check()
        except Exception as error:  # noqa: BLE001 – whatever it is, the answer is "not ready" and why
            return JSONResponse({"ready": False, "reason": errors.explain(error)}, status_code=503)
        return JSONResponse({"ready": True})


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    return next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def _sentence(error: Exception) -> str:
    match error:
        case HTTPException():
            return (
                "There is nothing here; go back to the room."
                if error.status_code == HTTPStatus.NOT_FOUND
                else f"{error.detail}."
            )
        case ForeignFormError():
            return "This form came from another page; open the room here and try again."
        case TooLargeError():
            return "This is far more than the room can read; shorten it and send it again."
        case BadTokenError():
            return "The JSON interface needs its bearer token; set GREENLIT_API_TOKEN and send it."
        case ValidationError():
            first = error.errors()[0]
            return f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}."
        case _:
            return errors.explain(error)


async def _refuse(request: Request, error: Exception) -> Response:
    status, sentence = _status(error), _sentence(error)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": {"code": type(error).__name__, "sentence": sentence}}, status_code=status)
    templates = Jinja2Templates(directory=_FOLDER / "templates")
    return templates.TemplateResponse(request, "refused.html", {"sentence": sentence}, status_code=status)
