"""One page on which a model goes on from whatever somebody types: theirs in black, the model's in red."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from bot import errors
from bot.web.guard import ForeignFormError, LimitBody, OwnFrame, TooLargeError, require_own_form
from model.briefs import MAX_SEED
from model.continuation import Continuation, pieces, seeded
from model.decoder import Decoder
from model.engine import EngineError

MAX_TEXT: Final = 10_000  # characters; no model here sees as many at once
MAX_LENGTH: Final = 1000  # tokens
_FOLDER: Final = Path(__file__).parent
_HOSTS: Final = ("127.0.0.1", "localhost")
_SENTENCES: Final[dict[type[Exception], tuple[HTTPStatus, str]]] = {
    ForeignFormError: (HTTPStatus.FORBIDDEN, "This came from another page; open the story here and try again."),
    TooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This is more than the page can read; shorten it."),
}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=MAX_TEXT)
    temperature: float = Field(0.8, ge=0, le=2)
    length: int = Field(120, ge=1, le=MAX_LENGTH)
    seed: int | None = Field(None, ge=0, le=MAX_SEED)


def story_app(decoder: Decoder, *, defaults: Continuation | None = None) -> Starlette:
    """Return the page as an application for this machine's own browser; ``defaults`` is what it offers first."""
    story = _Story(decoder, defaults or Continuation(length=120))
    site = Starlette(
        routes=[
            Route("/", story.page),
            Route("/write", story.write, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_FOLDER / "static")),
            Mount("/fonts", StaticFiles(directory=_FOLDER.parent / "ui" / "fonts")),
        ],
        middleware=[
            Middleware(OwnFrame),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(_HOSTS)),
            Middleware(LimitBody),
        ],
    )
    for kind in (*_SENTENCES, ValidationError, HTTPException, Exception):
        site.add_exception_handler(kind, _refuse)
    return site


class _Story:
    def __init__(self, decoder: Decoder, defaults: Continuation) -> None:
        self._decoder, self._defaults = decoder, defaults
        self._templates = Jinja2Templates(directory=_FOLDER / "templates")

    async def page(self, request: Request) -> Response:
        """Show the page."""
        facts = {
            "model": self._decoder.name,
            "defaults": self._defaults,
            "max_text": MAX_TEXT,
            "max_length": MAX_LENGTH,
            "max_seed": MAX_SEED,
        }
        return self._templates.TemplateResponse(request, "story.html", facts)

    async def write(self, request: Request) -> Response:
        """Stream what follows the text: one JSON object a line, ``seed`` in the first, ``end`` in the last."""
        require_own_form(request)
        wanted = _Asked.model_validate_json(await request.body())
        asked = seeded(
            Continuation(
                prefix=wanted.text,
                temperature=wanted.temperature,
                length=wanted.length,
                seed=wanted.seed,
                top_k=self._defaults.top_k,
                top_p=self._defaults.top_p,
                truncate=self._defaults.truncate,
            )
        )
        return StreamingResponse(
            self._lines(asked), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"}
        )

    async def _lines(self, asked: Continuation) -> AsyncGenerator[str]:
        yield _line(seed=asked.seed)
        try:
            async with aclosing(pieces(self._decoder, asked)) as stream:
                async for piece in stream:
                    yield _line(text=piece.text, **({"end": piece.end} if piece.end else {}))
        except EngineError as error:  # the answer has begun: its last line says what went wrong
            yield _line(error=errors.explain(error))


def _line(**facts: Any) -> str:  # noqa: ANN401 -- whatever JSON can say
    return json.dumps(facts) + "\n"


async def _refuse(request: Request, error: Exception) -> Response:
    del request
    status, sentence = _told(error)
    return JSONResponse({"error": sentence}, status_code=status)


def _told(error: Exception) -> tuple[int, str]:
    match error:
        case HTTPException():
            return error.status_code, f"{error.detail}."
        case ValidationError():
            first = error.errors()[0]
            return HTTPStatus.UNPROCESSABLE_ENTITY, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}."
        case _:
            return _SENTENCES.get(type(error)) or (HTTPStatus.INTERNAL_SERVER_ERROR, errors.explain(error))
