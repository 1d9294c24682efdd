from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from bot.ui.coverage import coverage, faces_in
from bot.ui.typefaces import Voice, own, region_of, system_folders
from tests.bot.typography import font_of


@pytest.mark.parametrize("voice", Voice)
def test_what_our_fonts_draw_is_read_as_fonttools_reads_it(voice: Voice) -> None:
    path = own(voice).path
    known = TTFont(path).getBestCmap()
    assert [code for code in range(0x11000) if (chr(code) in coverage(path)) != (code in known)] == []


def test_characters_beyond_the_first_plane_are_read(tmp_path: Path) -> None:
    found = coverage(font_of(tmp_path / "new.ttf", "a🚀🫨灯"))
    assert all(sign in found for sign in "a🚀🫨灯")
    assert not any(sign in found for sign in "b🚁\uffff\U0010ffff")


@pytest.mark.parametrize(
    "content", [b"", b"ttcf", b"\0\1\0\0", b"\0\1\0\0\xff\xff" + b"\0" * 40, b"no font at all " * 9]
)
def test_a_file_that_is_no_font_draws_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(content)
    assert "a" not in coverage(path)


def test_a_font_cut_short_anywhere_draws_something_or_nothing_but_never_fails(tmp_path: Path) -> None:
    whole = font_of(tmp_path / "whole.ttf", "a🚀").read_bytes()
    for length in range(0, len(whole), 7):
        path = tmp_path / f"{length}.ttf"
        path.write_bytes(whole[:length])
        assert "b" not in coverage(path)
        assert faces_in(path) in {0, 1}
    assert faces_in(tmp_path / "absent.ttf") == 0


def test_chinese_characters_look_as_the_text_around_them_wants() -> None:
    assert [region_of(text) for text in ("灯台守の娘", "灯台 한국", "灯台", "plain")] == ["JP", "KR", "SC", "SC"]


def test_fonts_are_looked_for_where_fontconfig_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", "/opt/share:/usr/share")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/anna/data")
    assert [str(folder) for folder in system_folders()[:3]] == [
        "/home/anna/data/fonts",
        "/opt/share/fonts",
        "/usr/share/fonts",
    ]
