"""The one place where errors become sentences. Each says what is the matter and what to do.

An error nobody foresaw becomes a reference number for the member and a traceback for the operator.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

import structlog

from bot.languages import say, spoken, translated
from bot.nouns import noun
from bot.usecases.approving import NotApprovedError, SettledError, UnfitError
from bot.usecases.continuing import LastSceneError
from bot.usecases.limits import EnoughPagesError, EnoughTodayError, StillWritingError
from bot.usecases.listing import TooFewShowsError
from bot.usecases.moderating import NotWelcomeError, ReportDecidedError, ReportedBeforeError, TooCoarseError
from bot.usecases.pitching import CalledOffError, NotDraftingError, NotYoursError
from bot.usecases.reserve import NothingToPostError
from bot.usecases.rewriting import LineChangedError
from bot.usecases.settings import BadHourError, UnknownZoneError, WrongChannelError
from bot.usecases.voting import NotAVoterError, OwnSlateError, PitchDecidedError, VotersHiddenError
from bot.usecases.writing import NotGreenlitError
from db.errors import (
    BrokenRuleError,
    DatabaseBusyError,
    DatabaseDriftError,
    DatabaseNotMigratedError,
    DatabaseUnreachableError,
    MigrationError,
    NotFoundError,
    SlateClosedError,
    UnsupportedDatabaseError,
)
from model.adapter_errors import (
    AdapterExistsError,
    AdapterRefusedError,
    AdaptersUnsupportedError,
    BadAdapterNameError,
    NoStoreError,
    NothingBeforeError,
    StoreUnusableError,
)
from model.briefs import (
    GENRES,
    BadBriefError,
    BadCharactersError,
    EmptyTextError,
    OutOfRangeError,
    TextTooLongError,
    UnknownGenreError,
    UnknownPresetError,
)
from model.checkpoint import BrokenCheckpointError, FormatMismatchError
from model.engine import (
    DeadlineError,
    EngineFailedError,
    EngineLostError,
    EngineUnauthorizedError,
    EngineUnavailableError,
    LineFullError,
    NothingOriginalError,
)
from model.engines import (
    AdapterMissingError,
    NoRoomError,
    NotFiniteError,
    PromptTooLongError,
    QuantizationUnavailableError,
    ServerUnusableError,
)
from model.screenplay import NotAScriptError
from model.watchdog import StalledError

log = structlog.get_logger()


class NotAllowedError(PermissionError):
    """Only ``who`` may do this."""

    def __init__(self, who: str) -> None:
        super().__init__(who)
        self.who = who


class MissingPermissionError(PermissionError):
    """The bot lacks the ``permission`` (Discord's word) in a channel."""

    def __init__(self, channel_id: int, permission: str) -> None:
        super().__init__(f"{permission} in {channel_id}")
        self.channel_id, self.permission = channel_id, permission


class CommandChangedError(LookupError):
    """The member's Discord still shows a command as it was before the last update."""


def _state(state: str) -> str:
    """Return what became of a pitch, as the end of a sentence about it."""
    return {
        "open": say("is still up for votes"),
        "passed": say("was passed over"),
        "greenlit": say("is greenlit already"),
        "scripted": say("is greenlit already and has its script"),
        "posted": say("is greenlit already and was the show of the day"),
    }[state]


def _genre(error: UnknownGenreError) -> str:
    hint = say(" Did you mean {genre}?", genre=error.closest) if error.closest else ""
    return say(
        "I don't know the genre “{genre}”.{hint} The genres are: {genres}.",
        genre=error.genre[:40],
        hint=hint,
        genres=", ".join(GENRES),
    )


def _not_found(error: NotFoundError) -> str:
    kind = noun(error.kind)
    if error.id == "":
        return say("There is no {kind}; pick one from the list.", kind=kind)
    return say("There is no {kind} with the number {id}; pick one from the list.", kind=kind, id=error.id)


def _characters(error: BadCharactersError) -> str:
    shown = " ".join(repr(c)[1:-1] if not c.isprintable() else c for c in error.characters[:10])
    if not shown.strip():
        return say("Please write the {field} on one line, with single spaces.", field=noun(error.field))
    return say(
        "Please write the {field} in plain words on one line; this can't be used in it: {shown}",
        field=noun(error.field),
        shown=shown,
    )


def _missing(error: MissingPermissionError) -> str:
    return say(
        "I lack the permission “{permission}” in {channel}; give it to me there, or choose another channel.",
        permission=error.permission.replace("_", " "),
        channel=f"<#{error.channel_id}>",
    )


def _left(minutes: int) -> str:
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _pages(error: EnoughPagesError) -> str:
    return say(
        "You have asked for {limit} scenes, lines and dialogs within a day; ask again in {left}.",
        limit=error.limit,
        left=_left(error.minutes),
    )


def _enough(error: EnoughTodayError) -> str:
    left = _left(error.minutes)
    if error.whole:
        return say(
            "This server has asked for {limit} slates within a day; ask again in {left}.", limit=error.limit, left=left
        )
    return say("You have asked for {limit} slates within a day; ask again in {left}.", limit=error.limit, left=left)


def _sentence(text: str) -> Callable[[Any], str]:
    return lambda error: translated(text, spoken()).format(error=error)


_SENTENCES: Final[dict[type[BaseException], Callable[[Any], str]]] = {
    UnknownGenreError: _genre,
    EmptyTextError: lambda error: say("The {field} is empty; a few words are enough.", field=noun(error.field)),
    TextTooLongError: lambda error: say(
        "The {field} is too long ({length}); keep it to {limit}.",
        field=noun(error.field),
        length=error.length,
        limit=error.limit,
    ),
    BadCharactersError: _characters,
    UnknownPresetError: _sentence("The preset is tame or bold, not “{error.preset:.40}”."),
    StillWritingError: _sentence(
        "Your last slate, number {error.slate_id}, is still being written; wait for it, or call it off."
    ),
    EnoughTodayError: _enough,
    EnoughPagesError: _pages,
    TooFewShowsError: _sentence("A final needs two greenlit shows; vote for some, or greenlight them."),
    CalledOffError: _sentence("This slate was called off."),
    NotDraftingError: _sentence("There is nothing left to call off: it is written, or was called off before."),
    OwnSlateError: _sentence("On this server you can't vote on a slate that you asked for."),
    NotAVoterError: _sentence("On this server only members with certain roles vote; a moderator can tell you which."),
    VotersHiddenError: _sentence("This server does not show who voted for what; /setup can change that."),
    MissingPermissionError: _missing,
    LineChangedError: _sentence("Somebody else had that line said otherwise meanwhile; look at the page again."),
    LastSceneError: _sentence("A show has at most {error.limit} scenes here; its file has them all."),
    NotWelcomeError: _sentence("A moderator of this server has blocked you here; ask them if you think that is wrong."),
    TooCoarseError: _sentence("Please say that in other words; these are too coarse for this channel."),
    ReportedBeforeError: _sentence("You have reported this pitch before; the moderators have it."),
    ReportDecidedError: _sentence("Another moderator has decided this already."),
    BadHourError: _sentence("“{error.hour}” is no time of day; write it as 18:30."),
    UnknownZoneError: _sentence("There is no time zone “{error.zone}”; write it as Europe/Berlin."),
    WrongChannelError: _sentence("On this server slates are asked for in <#{error.channel_id}>."),
    NotYoursError: _sentence("Only who asked for this slate, or a moderator, may do that."),
    OutOfRangeError: lambda error: say(
        "The {field} must be a number from {low} to {high}.",
        field=noun(error.field),
        low=error.low,
        high=error.high,
    ),
    NotAScriptError: _sentence(
        "Write a dialog one line a turn, as NAME: what is said; this line isn't: {error.line:.80}"
    ),
    SlateClosedError: _sentence("This vote is over; your vote on another slate is welcome."),
    NotFoundError: _not_found,
    PitchDecidedError: lambda error: say(
        "“{title}” {state}; pick one that is still open.", title=error.title, state=_state(error.state)
    ),
    NotGreenlitError: lambda error: say(
        "“{title}” {state}; only greenlit shows get a script.", title=error.title, state=_state(error.state)
    ),
    NotApprovedError: _sentence("The show of {error.day} waits for your word; approve it, edit it, or skip it."),
    SettledError: _sentence("This show was decided about meanwhile, or it is out; look at it again."),
    UnfitError: _sentence("These words are too strong for everybody to read; say it more mildly."),
    NothingToPostError: _sentence("No show is ready for today and none could be written just now; it is tried again."),
    CommandChangedError: _sentence("This command has changed; please try it again in a moment."),
    NotAllowedError: lambda error: say("Only {who} may do this.", who=noun(error.who)),
    LineFullError: _sentence("The writers' room is full; please try again in {error.retry_after} seconds."),
    DeadlineError: _sentence("The line was longer than this could wait; please ask again when it is shorter."),
    EngineUnavailableError: _sentence("The writer is away just now; what you asked is kept and can be asked again."),
    EngineLostError: _sentence("The writer was interrupted; what you asked is kept and can be asked again."),
    EngineUnauthorizedError: _sentence(
        "The worker refuses the bot's token; set the same GREENLIT_WORKER_TOKEN for bot and worker."
    ),
    EngineFailedError: _sentence("The writer stumbled over this; an admin finds it as {error.reference} in its log."),
    NothingOriginalError: _sentence("Nothing original came out this time; another theme or seed helps."),
    PromptTooLongError: _sentence(
        "This is too long for the writer ({error.length} of {error.limit} tokens); shorten it."
    ),
    NotFiniteError: _sentence("The model's weights are broken or too large for this device; use another checkpoint."),
    StalledError: _sentence(
        "The model made no step for {error.seconds:g} seconds; the log says where it hangs. Start the worker anew."
    ),
    NoRoomError: _sentence("The writer's memory is full; please try again in a moment."),
    AdapterMissingError: _sentence("There is no adapter called {error.name}; greenlit adapters list shows the stored."),
    AdapterRefusedError: _sentence(
        "The adapter {error.name} can't be worn ({error.reason}); publish it anew or choose another."
    ),
    AdapterExistsError: _sentence("There is another adapter called {error.name}; give this one a name of its own."),
    BadAdapterNameError: _sentence(
        "An adapter's name is one word of letters, digits, dots, - and _, 64 at most; “{error.name:.80}” is not."
    ),
    NothingBeforeError: _sentence("Nothing was active before; greenlit adapters list shows what can be activated."),
    NoStoreError: _sentence("The worker has no store of adapters; set GREENLIT_WORKER_ADAPTERS and start it anew."),
    StoreUnusableError: _sentence("The store of adapters can't be used: {error.path} ({error.reason})."),
    AdaptersUnsupportedError: _sentence("The model {error.name} takes no adapters; unset GREENLIT_WORKER_ADAPTERS."),
    QuantizationUnavailableError: _sentence(
        "{error.quantize} weights need a CUDA device and bitsandbytes; set GREENLIT_WORKER_QUANTIZE=none."
    ),
    ServerUnusableError: _sentence(
        "The server at {error.url} can't be used ({error.reason}); see the GREENLIT_WORKER_OPENAI_… settings."
    ),
    DatabaseBusyError: _sentence("The room's memory is busy; please try again in a moment."),
    DatabaseNotMigratedError: _sentence("The database is not up to date; run: greenlit db upgrade"),
    DatabaseUnreachableError: _sentence("The database can't be reached; check GREENLIT_DATABASE_URL and that it runs."),
    UnsupportedDatabaseError: _sentence(
        "GREENLIT_DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME, not {error.url}."
    ),
    MigrationError: _sentence("The database could not be migrated ({error.reason}); nothing was changed."),
    DatabaseDriftError: _sentence("The tables differ from the code's; add a migration for: {error}"),
    BrokenRuleError: _sentence("The database refused this ({error.rule}); nothing was changed."),
    BrokenCheckpointError: _sentence(
        "The model at {error.path} can't be used ({error.reason}); fetch it anew or choose another."
    ),
    FormatMismatchError: _sentence(
        "The model speaks format {error.found}, this version needs {error.wanted}; train it anew or use another."
    ),
}

_NO_SENSE: Final = (BadBriefError, NotAScriptError, NotFoundError, AdapterMissingError, UnicodeDecodeError)
_WITHOUT_FACTS: Final = {
    NothingOriginalError, EngineUnavailableError, EngineLostError, EngineUnauthorizedError, NotFiniteError,
    DeadlineError, CalledOffError, LineChangedError,
}  # fmt: skip


def foreseen(error: BaseException) -> str | None:
    """Return the sentence for an error of a known kind, else None."""
    for kind in type(error).__mro__:
        if kind in _SENTENCES:
            return _SENTENCES[kind](error)
    return None


def explain(error: BaseException) -> str:
    """Return one sentence for a person; an unforeseen error is logged under the reference given."""
    sentence = foreseen(error)
    if sentence:
        return sentence
    reference = secrets.token_hex(4)
    log.error("unforeseen", reference=reference, exc_info=error)
    return say(
        "Something went wrong that we didn't foresee; an admin finds it in the log as {reference}.", reference=reference
    )


def failure(reason: str | None) -> str:
    """Return the sentence for a failure whose error's name is stored in a row."""
    for kind, sentence in _SENTENCES.items():
        if kind.__name__ == reason and kind in _WITHOUT_FACTS:
            return sentence(kind.__new__(kind))  # its facts are not in the row, nor in the sentence
    return say("The writer could not finish this; please ask again.")


def exit_status(error: BaseException) -> int:
    """Return 2 for something that makes no sense as asked, 1 for something that could not be done."""
    return 2 if isinstance(error, _NO_SENSE) else 1
