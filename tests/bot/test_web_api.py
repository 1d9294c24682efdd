from collections.abc import Awaitable, Callable

import httpx
import pytest

from bot.app import App
from bot.stage import script_work, slate_work
from bot.usecases import voting
from db.pitches import Pitch
from model.engine import NothingOriginalError
from tests.bot.conftest import ANNA, API_TOKEN, OpenApp, Slated, visitor
from tests.bot.doubles import Told

ASKED = {"member": "Ada", "genre": "comedy", "theme": "time travel", "count": 3, "seed": 7}
ROUTES = [
    ("POST", "/api/slates"),
    ("GET", "/api/slates/1"),
    ("GET", "/api/slates/1/live"),
    ("POST", "/api/votes"),
    ("POST", "/api/greenlights"),
    ("POST", "/api/scripts"),
    ("GET", "/api/scripts/1"),
    ("GET", "/api/scripts/1/live"),
    ("GET", "/api/shows/1"),
    ("GET", "/api/leaderboard"),
    ("POST", "/api/posts"),
    ("GET", "/api/memory"),
]


def sentence(answer: httpx.Response) -> str:
    said: str = answer.json()["error"]["sentence"]
    return said


async def test_a_whole_round_by_the_interface(api: httpx.AsyncClient, app: App) -> None:
    asked = await api.post("/api/slates", json=ASKED)
    assert (asked.status_code, asked.json()["state"]) == (202, "drafting")
    number = asked.json()["id"]
    await app.crew.finish(slate_work(number))
    slate = (await api.get(f"/api/slates/{number}")).json()
    assert (slate["state"], slate["seed"], len(slate["pitches"])) == ("open", 7, 3)
    for member in ("Ada", "Bruno", "Chidi"):
        ballot = (await api.post("/api/votes", json={"member": member, "pitch": slate["pitches"][0]["id"]})).json()
    assert (ballot["pitch"]["votes"], ballot["greenlit"]) == (3, True)
    show = (await api.get(f"/api/shows/{ballot['pitch']['id']}")).json()
    await app.crew.finish(script_work(show["scripts"][0]["id"]))
    script = (await api.get(f"/api/scripts/{show['scripts'][0]['id']}")).json()
    assert (script["state"], "INT. " in script["fountain"]) == ("done", True)
    (post,) = (await api.post("/api/posts", json={})).json()
    assert (post["state"], post["network"], post["pitch"]) == ("posted", "fake", ballot["pitch"]["id"])
    assert [row["id"] for row in (await api.get("/api/leaderboard")).json()] == [ballot["pitch"]["id"]]
    assert (await api.get("/api/memory")).json() == {"slates": 1, "pitches": 3, "votes": 3, "scripts": 1}


async def test_a_seed_is_drawn_when_none_is_given(api: httpx.AsyncClient) -> None:
    asked = await api.post("/api/slates", json={key: value for key, value in ASKED.items() if key != "seed"})
    assert asked.json()["seed"] == 7


async def test_a_showrunner_decides_and_orders(api: httpx.AsyncClient, app: App, slated: Slated) -> None:
    view = await slated(app)
    choice = {"member": "Ada", "pitch": view.pitches[0].id}
    early = await api.post("/api/scripts", json=choice)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "NotGreenlitError")
    assert (await api.post("/api/greenlights", json=choice)).json()["state"] == "greenlit"
    assert (await api.post("/api/scripts", json=choice)).status_code == 202
    again = await api.post("/api/greenlights", json=choice)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "PitchDecidedError")


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("header", [None, "Bearer wrong", API_TOKEN, "Bearer ", "Basic YTpi", "Bearer \u00fc"])
async def test_nothing_is_said_without_the_token(app: App, method: str, path: str, header: str | None) -> None:
    async with visitor(app) as client:
        headers = {b"Authorization": header.encode("latin-1")} if header else {}
        answer = await client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "BadTokenError")
    assert sentence(answer) == "The JSON interface needs its bearer token; set GREENLIT_API_TOKEN and send it."


@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer None"])
async def test_without_a_token_set_the_interface_is_off(app: App, token: str | None, header: str) -> None:
    async with visitor(app, token=token) as client:
        answer = await client.get("/api/memory", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"genre": "comdy"}, "I don't know the genre “comdy”. Did you mean comedy?"),
        ({"theme": "x" * 500}, "The theme is too long (500); keep it to 64."),
        ({"theme": "@everyone"}, "Please write the theme in plain words"),
        ({"count": 0}, "The count must be a number from 1 to 10."),
        ({"seed": -1}, "The seed must be a number from 0 to 2147483647."),
        ({"count": "3"}, "count: Input should be a valid integer."),
        ({"member": ""}, "member: String should match pattern"),
        ({"member": "a\x00b"}, "member: String should match pattern"),
        ({"extra": 1}, "extra: Extra inputs are not permitted."),
    ],
)
async def test_a_bad_request_is_one_sentence(api: httpx.AsyncClient, changes: dict[str, object], said: str) -> None:
    answer = await api.post("/api/slates", json=ASKED | changes)
    assert answer.status_code == 422
    assert sentence(answer).startswith(said)
    assert (await api.get("/api/memory")).json()["slates"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"member": "Ada"}', b"\xff"])
async def test_a_body_that_is_no_request_is_one_sentence(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/api/votes", content=body)
    assert answer.status_code == 422
    assert sentence(answer).endswith(".")


@pytest.mark.parametrize(
    "path", ["slates/99", "scripts/99", "shows/99", "nothing", f"slates/{10**30}", f"shows/{2**31}"]
)
async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(f"/api/{path}")
    assert answer.status_code == 404
    assert sentence(answer).startswith("There is n")


@pytest.mark.parametrize("pitch", [99, -1, 2**40])
async def test_a_vote_for_nothing_is_refused(api: httpx.AsyncClient, pitch: int) -> None:
    answer = await api.post("/api/votes", json={"member": "Ada", "pitch": pitch})
    assert answer.status_code in {404, 422}


async def test_a_wrong_method_is_said(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/votes")
    assert (answer.status_code, sentence(answer)) == (405, "Method Not Allowed.")


async def test_a_day_without_a_show_is_one_sentence(open_app: OpenApp) -> None:
    app = open_app(Told([[NothingOriginalError()]]))
    async with visitor(app) as client:
        answer = await client.post("/api/posts", headers={"Authorization": f"Bearer {API_TOKEN}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "NothingToPostError")


async def test_a_failed_slate_and_script_say_why(
    open_app: OpenApp, slated: Slated, scripted: Callable[..., Awaitable[Pitch]]
) -> None:
    app = open_app(Told([[NothingOriginalError()]]))
    failed = await slated(app)
    whole = open_app()
    open_slate = await slated(whole)
    await voting.greenlight(app, open_slate.pitches[0].id, by=ANNA)
    await app.crew.finish(script_work(1))
    async with visitor(app) as client:
        client.headers["Authorization"] = f"Bearer {API_TOKEN}"
        said = "Nothing original came out this time; another theme or seed helps."
        assert (await client.get(f"/api/slates/{failed.slate.id}")).json()["failure"] == said
        assert (await client.get("/api/scripts/1")).json()["failure"] == said
        assert said in (await client.get("/scripts/1")).text
    assert (await scripted(whole, seed=12)).state == "scripted"


async def test_a_stream_of_finished_work_just_ends(api: httpx.AsyncClient, app: App, slated: Slated) -> None:
    view = await slated(app)
    for path in (
        f"/api/slates/{view.slate.id}/live",
        f"/slates/{view.slate.id}/live",
        "/api/scripts/1/live",
    ):
        answer = await api.get(path)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.text == "event: end\ndata: {}\n\n"
