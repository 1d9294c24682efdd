import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from structlog.testing import capture_logs

import bot
import db
import model
from bot import doctor, errors
from bot.demo import RoundError
from bot.errors import CommandChangedError, MissingPermissionError, NotAllowedError
from bot.launch import StartError
from bot.networks.accounts import AccountsUnusableError
from bot.networks.base import NetworkError
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
from bot.web.guard import BadTokenError, ForeignFormError, TooLargeError
from db import errors as storage
from db.ids import GuildId, PitchId, SlateId
from db.pitches import Pitch, PitchState
from model import adapter_errors, briefs, checkpoint, engine, engines, serve, watchdog
from model.screenplay import NotAScriptError
from model.tasks import UnreadableError
from model.wire import WireError

PITCH = Pitch(
    id=PitchId(3),
    slate_id=SlateId(1),
    guild_id=GuildId("page"),
    slot=0,
    title="Late Checkout",
    summary="A hotel.",
    genre="comedy",
    theme="hotels",
    state=PitchState.POSTED,
    votes=2,
    greenlit_at=None,
)
EXAMPLES: list[BaseException] = [
    briefs.UnknownGenreError("comdy"),
    briefs.UnknownGenreError("zzzz"),
    briefs.EmptyTextError("theme"),
    briefs.TextTooLongError("theme", 500, 64),
    briefs.BadCharactersError("theme", "@"),
    briefs.OutOfRangeError("count", 11, 1, 10),
    briefs.UnknownPresetError("wild"),
    StillWritingError(SlateId(3)),
    EnoughTodayError(20, 185, whole=False),
    EnoughTodayError(500, 5, whole=True),
    EnoughPagesError(50, 61),
    TooFewShowsError(),
    CalledOffError(),
    NotDraftingError(),
    NotYoursError(),
    BadHourError("25:00"),
    UnknownZoneError("Mars/Base"),
    WrongChannelError(77),
    NotWelcomeError(),
    TooCoarseError(),
    ReportedBeforeError(),
    ReportDecidedError(),
    LineChangedError(),
    LastSceneError(12),
    OwnSlateError(),
    NotAVoterError(),
    VotersHiddenError(),
    NotAScriptError("nothing"),
    storage.NotFoundError("slate", 7),
    storage.SlateClosedError(7),
    storage.BrokenRuleError("uq_pitches_title_key"),
    storage.DatabaseBusyError(),
    storage.DatabaseUnreachableError("postgresql://me:***@host/room"),
    storage.DatabaseNotMigratedError(None, "0002"),
    storage.DatabaseDriftError(("a", "b")),
    storage.MigrationError("no such revision"),
    storage.UnsupportedDatabaseError("mysql://***"),
    checkpoint.BrokenCheckpointError(Path("weights"), "missing"),
    checkpoint.FormatMismatchError(0, 1),
    engine.EngineUnavailableError(),
    engine.EngineLostError(),
    engine.EngineUnauthorizedError(),
    engine.LineFullError(4),
    engine.EngineFailedError("ab12"),
    engine.DeadlineError(2.5),
    engine.NothingOriginalError(),
    engines.PromptTooLongError(900, 512),
    engines.NotFiniteError(),
    engines.NoRoomError(),
    watchdog.StalledError(120.0),
    engines.AdapterMissingError("community-1"),
    adapter_errors.AdapterRefusedError("community-1", "truncated or altered"),
    adapter_errors.AdapterExistsError("community-1"),
    adapter_errors.BadAdapterNameError("two words"),
    adapter_errors.NothingBeforeError(),
    adapter_errors.NoStoreError(),
    adapter_errors.StoreUnusableError(Path("store"), "Read-only file system"),
    adapter_errors.AdaptersUnsupportedError("writer-v1"),
    engines.QuantizationUnavailableError("4bit"),
    engines.ServerUnusableError("http://gpu:8000", "it does not answer"),
    AccountsUnusableError("accounts.toml", "Permission denied"),
    CommandChangedError(),
    MissingPermissionError(77, "send_messages"),
    NotAllowedError("owners"),
    NothingToPostError(),
    NotApprovedError(date(2026, 12, 1)),
    SettledError(),
    UnfitError(),
    PitchDecidedError(PITCH),
    NotGreenlitError(PITCH),
    serve.PortInUseError("127.0.0.1", 8576),
    serve.TokenRequiredError("0.0.0.0"),  # noqa: S104
    RoundError("The bot says no."),
    StartError("bot", Path("bot.log"), "the end"),
    AccountsUnusableError(Path("accounts.toml"), "bluesky 1, password: it is empty"),
]
ELSEWHERE = {
    NetworkError: "stays in the row of the post and in the log",
    UnreadableError: "the writer drops the candidate",
    WireError: "both ends of the wire turn it into an engine's error",
    ForeignFormError: "has its sentence in bot/web/server.py, tested with the pages",
    TooLargeError: "has its sentence in bot/web/server.py, tested with the pages",
    BadTokenError: "has its sentence in bot/web/server.py, tested with the interface",
    storage.NaiveTimeError: "a mistake in our code",
}


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.startswith(("model.engines.", "bot.__main__")):  # they load torch, or are a program
            yield importlib.import_module(found.name)


def our_errors() -> set[type[BaseException]]:
    return {
        kind
        for package in (bot, db, model)
        for module in modules(package)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException) and kind.__module__ == module.__name__ and not kind.__name__.startswith("_")
    }


def leaves(kinds: set[type[BaseException]]) -> set[type[BaseException]]:
    return {kind for kind in kinds if not any(issubclass(other, kind) and other is not kind for other in kinds)}


def test_every_error_has_a_sentence_or_a_reason_for_none() -> None:
    shown = {kind for kind in leaves(our_errors()) if not issubclass(kind, tuple(ELSEWHERE))}
    assert len(shown) > 30
    missing = shown - {type(example) for example in EXAMPLES}
    assert missing == set(), "give them a sentence in bot/errors.py (or doctor.py) and an example here"


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_sentence_that_holds_its_facts(error: BaseException) -> None:
    sentence = errors.foreseen(error) or doctor.sentence(error)
    assert sentence
    assert "{" not in sentence
    assert "None" not in sentence
    assert sentence[0].isupper() or sentence[0] in "“0123456789"


def test_a_known_error_of_a_member_is_explained_without_a_log() -> None:
    with capture_logs() as logs:
        sentence = errors.explain(briefs.UnknownGenreError("comdy"))
    assert logs == []
    assert sentence.startswith("I don't know the genre “comdy”. Did you mean comedy? The genres are: action, ")


def test_an_unforeseen_error_becomes_a_reference_and_a_traceback() -> None:
    with capture_logs() as logs:
        sentence = errors.explain(ZeroDivisionError("secret detail"))
    assert "secret detail" not in sentence
    assert logs[0]["reference"] in sentence
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x" * 500, "The theme is too long (500); keep it to 64."),
        ("   ", "The theme is empty; a few words are enough."),
        ("", "The theme is empty; a few words are enough."),
        ("@everyone", "Please write the theme in plain words on one line; this can't be used in it: @"),
        ("time\ntravel", r"Please write the theme in plain words on one line; this can't be used in it: \n"),
        ("TITLE: mine", "Please write the theme in plain words on one line; this can't be used in it: :"),
        ("<|end|>", "Please write the theme in plain words on one line; this can't be used in it: < | >"),
        ("a\u202eb", r"Please write the theme in plain words on one line; this can't be used in it: \u202e"),
    ],
)
def test_a_theme_that_will_not_do_is_one_clear_sentence(text: str, sentence: str) -> None:
    with pytest.raises(briefs.BadBriefError) as caught:
        briefs.theme(text)
    assert errors.explain(caught.value) == sentence
    assert errors.exit_status(caught.value) == 2


def test_a_value_with_stray_spaces_is_asked_for_on_one_line() -> None:
    with pytest.raises(briefs.BadCharactersError) as caught:
        briefs.PitchBrief(genre=briefs.genre("comedy"), theme=briefs.Theme("two  spaces"))
    assert errors.explain(caught.value) == "Please write the theme on one line, with single spaces."


@pytest.mark.parametrize("state", list(PitchState))
def test_every_state_of_a_pitch_can_be_said(state: PitchState) -> None:
    pitch = Pitch(**{name: getattr(PITCH, name) for name in Pitch.__slots__} | {"state": state})
    for error in (NotGreenlitError(pitch), PitchDecidedError(pitch)):
        assert errors.explain(error).startswith("“Late Checkout” ")


@pytest.mark.parametrize("reason", ["NothingOriginalError", "EngineUnavailableError", "EngineLostError"])
def test_a_stored_failure_says_what_the_error_said(reason: str) -> None:
    assert errors.failure(reason) == errors.explain(getattr(engine, reason)())


@pytest.mark.parametrize("reason", [None, "EngineFailedError", "something else"])
def test_any_other_stored_failure_asks_to_try_again(reason: str | None) -> None:
    assert errors.failure(reason) == "The writer could not finish this; please ask again."


def test_the_exit_status_tells_bad_requests_from_bad_luck() -> None:
    assert errors.exit_status(storage.NotFoundError("pitch", 1)) == 2
    assert errors.exit_status(storage.DatabaseBusyError()) == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "/token"),
            "No such file or directory: /token; check the settings.",
        ),
        (OSError("odd"), "OSError: the address; check the settings."),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
            "This file is not UTF-8 text; save it as UTF-8 and try again.",
        ),
        (httpx.ReadError(""), "The bot stopped answering (ReadError); the end of its log says why."),
        (ZeroDivisionError(), None),
        (storage.NaiveTimeError(datetime(2026, 1, 1, tzinfo=UTC)), None),
    ],
)
def test_what_an_operator_reads(error: BaseException, sentence: str | None) -> None:
    assert doctor.sentence(error) == sentence


def test_a_refused_discord_token_is_known_by_its_name() -> None:
    login_failure = type("LoginFailure", (Exception,), {})
    assert doctor.sentence(login_failure()) == (
        "Discord refuses GREENLIT_DISCORD_TOKEN; copy it anew from the developer portal."
    )
