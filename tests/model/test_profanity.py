import pytest

from model.profanity import Tier, tier


@pytest.mark.parametrize(
    "text",
    [
        "fuuuuck",
        "fück",
        "ｆｕｃｋ",
        "f u c k",
        "f.u.c.k",
        "f_u_c_k",
        "fu ck",
        "f*ck",
        "f**k",
        "**fuck**",
        "fu\u200bck",
        "𝓯𝓾𝓬𝓴",
        "🇫🇺🇨🇰",
        "unfuckingbelievable",
        "sh1t",
        "sh!t",
        "ѕhіt",
        "shiiiit!!!",
        "s1ut",
        "b1tch",
        "p.u.s.s.y",
        "c u n t",
    ],
)
def test_a_strong_word_is_found_however_it_is_written(text: str) -> None:
    assert tier(text) is Tier.STRONG
    assert tier(f"Well, {text} and good night.") is Tier.STRONG


@pytest.mark.parametrize("text", ["n1gg3r", "N I G G E R", "niggaz", "fagggot"])
def test_a_slur_is_found_however_it_is_written(text: str) -> None:
    assert tier(text) is Tier.SLUR


@pytest.mark.parametrize("text", ["damn", "a$$", "a s s", "kick-ass", "What the hell is this?", "you dick"])
def test_a_mild_word_is_mild(text: str) -> None:
    assert tier(text) is Tier.MILD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Moby Dick",
        "moby dick returns",
        "Dick Tracy",
        "Dick Van Dyke",
        "Scunthorpe",
        "Essex",
        "Cocktail",
        "Hitchcock",
        "Shih Tzu",
        "Shiite",
        "Assassin",
        "They assess the woop and the bonner.",
        "Dickens",
        "Cummings",
        "Niger",
        "Nigeria",
        "snigger",
        "Pakistan",
        "Homo sapiens",
        "summa cum laude",
        "actor-cum-director",
        "a cock-and-bull story",
        "a pussy cat and a Maine Coon",
        "the gates of hell",
        "as she said, as S. Holmes",
        "the movie's hit song",
        "Flight 455 lands on the A55",
        "H. G. Wells and J. R. R. Tolkien",
        "SPLC",
        "The café's naïve señor",
    ],
)
def test_words_that_only_look_coarse_pass(text: str) -> None:
    assert tier(text) is Tier.CLEAN


def test_the_coarsest_word_decides() -> None:
    assert tier("Damn that shit") is Tier.STRONG
    assert tier("Moby Dick said damn") is Tier.MILD


def test_tiers_are_ordered_so_that_a_room_can_set_a_limit() -> None:
    assert Tier.CLEAN < Tier.MILD < Tier.STRONG < Tier.SLUR
