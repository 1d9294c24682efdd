from pathlib import Path

import pytest

from bot import doctor
from bot.networks.accounts import AccountsUnusableError, networks
from bot.settings import BotSettings
from tests.bot.fake_networks import FakeBluesky, FakeMastodon, serving
from tests.bot.fake_x import says
from tests.bot.test_doctor import found

WHOLE = """
[[bluesky]]
handle = "greenlit.test"
password = "app-pass"

[[bluesky]]
handle = "second.test"
password_file = "second.txt"

[[mastodon]]
instance = "https://m.test"
token = "token"
warning = "AI fiction"

[[mastodon]]
instance = "https://m.test"
token = "token"
label = "second"

[[twitter]]
consumer_key = "a"
consumer_secret = "b"
access_token = "7-c"
access_token_secret = "d"

[[webhook]]
url = "https://hooks.test/very-secret"
secret = "shared"
"""


def written(folder: Path, text: str, mode: int = 0o600) -> BotSettings:
    path = folder / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return BotSettings(accounts=path)


def test_a_file_names_several_accounts_of_every_network(tmp_path: Path) -> None:
    (tmp_path / "second.txt").write_text("pass\n", encoding="utf-8")
    reached = networks(written(tmp_path, WHOLE))
    assert [(network.name, network.account) for network in reached] == [
        ("outbox", ""),
        ("bluesky", "greenlit.test"),
        ("bluesky", "second.test"),
        ("mastodon", "m.test"),
        ("mastodon", "m.test/second"),
        ("twitter", "7"),
        ("webhook", "hooks.test"),
    ]
    assert not any(secret in repr(reached) for secret in ("app-pass", "very-secret", "'token'", "shared", "7-c"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[bluesky]\n", "Expected ']]' at the end of an array declaration"),
        ("[[myspace]]\n", "there is no network 'myspace', only twitter, bluesky, mastodon, webhook"),
        ("[bluesky]\nhandle = 'a'\n", "write each account under [[bluesky]]"),
        ("bluesky = [1]\n", "write each account under [[bluesky]]"),
        ("[[bluesky]]\nhandle = 'a'\n", "bluesky 1, password: Field required"),
        ("[[bluesky]]\nhandle = 'a'\npassword = ''\n", "bluesky 1, password: it is empty"),
        ("[[bluesky]]\nhandle = 'a'\npasword = 'b'\n", "bluesky 1, password: Field required"),
        ("[[bluesky]]\nhandle = 'a'\npassword = 'b'\nport = 1\n", "bluesky 1, port: Extra inputs are not permitted"),
        ("[[bluesky]]\nhandle = 'a'\npassword_file = 'nowhere'\n", "No such file or directory"),
        ("[[mastodon]]\ninstance = 'm.test'\ntoken = 'b'\n", "mastodon 1, instance: this is no address; write one"),
        ("[[webhook]]\nurl = 'ftp://hidden'\nsecret = 'b'\n", "webhook 1, url: this is no address; write one"),
        ("[[bluesky]]\nhandle='a'\npassword='b'\n[[bluesky]]\nhandle='A'\npassword='c'\n", "bluesky a is named twice"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(AccountsUnusableError) as unusable:
        networks(written(tmp_path, text))
    assert reason in unusable.value.reason
    said = doctor.sentence(unusable.value)
    assert said
    assert "hidden" not in said
    assert said.count("\n") == 0


def test_a_file_with_secrets_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccountsUnusableError, match="everybody on this machine can read it; run: chmod 600"):
        networks(written(tmp_path, WHOLE, 0o644))
    (tmp_path / "secret.txt").write_text("pass", encoding="utf-8")
    harmless = "[[bluesky]]\nhandle = 'a'\npassword_file = 'secret.txt'\n"
    assert len(networks(written(tmp_path, harmless, 0o644))) == 2


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AccountsUnusableError, match="No such file or directory"):
        networks(BotSettings(accounts=tmp_path / "nowhere.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(AccountsUnusableError, match="can't decode"):
        networks(BotSettings(accounts=tmp_path / "bytes.toml"))


def test_the_settings_name_one_account_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token.txt").write_text("token\n", encoding="utf-8")
    monkeypatch.setenv("GREENLIT_MASTODON_INSTANCE", "https://m.test")
    monkeypatch.setenv("GREENLIT_MASTODON_TOKEN_FILE", str(tmp_path / "token.txt"))
    monkeypatch.setenv("GREENLIT_BLUESKY_HANDLE", "greenlit.test")
    assert [network.name for network in networks(BotSettings())] == ["outbox", "mastodon"]
    monkeypatch.setenv("GREENLIT_BLUESKY_PASSWORD", "app-pass")
    monkeypatch.setenv("GREENLIT_BLUESKY_HOST", "bsky.test")
    with pytest.raises(AccountsUnusableError, match="the settings: bluesky, host: this is no address"):
        networks(BotSettings())


async def test_the_doctor_asks_each_network_whether_it_knows_us(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await found("bluesky")).sentence == "No keys for Bluesky: the daily show goes to var/outbox."
    monkeypatch.setenv("GREENLIT_BLUESKY_HANDLE", "greenlit.test")
    assert (await found("bluesky")).sentence == "For Bluesky these are missing: GREENLIT_BLUESKY_PASSWORD."
    monkeypatch.setenv("GREENLIT_BLUESKY_PASSWORD", "app-pass")
    monkeypatch.setenv("GREENLIT_MASTODON_TOKEN", "token")
    async with serving(FakeBluesky()) as bluesky, serving(FakeMastodon()) as mastodon:
        monkeypatch.setenv("GREENLIT_BLUESKY_HOST", bluesky)
        monkeypatch.setenv("GREENLIT_MASTODON_INSTANCE", mastodon)
        assert (await found("bluesky")).sentence == "Bluesky knows the bot as @greenlit.test."
        assert (await found("mastodon")).ok
        monkeypatch.setenv("GREENLIT_BLUESKY_PASSWORD", "wrong")
        refused = await found("bluesky")
    assert (refused.ok, "refuses the keys of greenlit.test (Invalid identifier" in refused.sentence) == (False, True)
    gone = await found("bluesky")
    assert (gone.ok, "can't be reached for greenlit.test (ConnectError)" in gone.sentence) == (False, True)


async def test_the_doctor_says_what_a_network_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeMastodon()
    async with serving(server) as host:
        monkeypatch.setenv("GREENLIT_MASTODON_TOKEN", "token")
        monkeypatch.setenv("GREENLIT_MASTODON_INSTANCE", f"{host}/elsewhere")
        server.answers["GET /elsewhere/api/v2/instance"] = server.answers[
            "GET /elsewhere/api/v1/accounts/verify_credentials"
        ] = says(403, {"error": "Your login is currently disabled"})
        finding = await found("mastodon")
    assert (finding.ok, finding.sentence.endswith(": Your login is currently disabled.")) == (False, True)


async def test_the_doctor_finds_accounts_that_make_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = written(tmp_path, "[[bluesky]]\n")
    monkeypatch.setenv("GREENLIT_ACCOUNTS", str(settings.accounts))
    finding = await found("accounts")
    assert finding.sentence == f"The accounts in {settings.accounts} can't be used: bluesky 1, handle: Field required."
