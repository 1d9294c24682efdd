"""The words for things and people that sentences are about, in the language that is spoken."""

from bot.languages import say


def noun(word: str) -> str:
    """Return a kind of thing, a field of a brief, or who may do something; a word without a translation stays."""
    known = {
        "slate": say("slate"),
        "pitch": say("pitch"),
        "open pitch": say("open pitch"),
        "script": say("script"),
        "written script": say("written script"),
        "finished script": say("finished script"),
        "greenlit show": say("greenlit show"),
        "line": say("line"),
        "report": say("report"),
        "failed post": say("failed post"),
        "proposal": say("proposal"),
        "genre": say("genre"),
        "theme": say("theme"),
        "title": say("title"),
        "summary": say("summary"),
        "dialog": say("dialog"),
        "count": say("count"),
        "seed": say("seed"),
        "votes to greenlight": say("votes to greenlight"),
        "voting hours": say("voting hours"),
        "slates a day": say("slates a day"),
        "slates a day of all": say("slates a day of all"),
        "pages a day": say("pages a day"),
        "moderators": say("moderators"),
        "administrators and the bot's owners": say("administrators and the bot's owners"),
        "the bot's owners": say("the bot's owners"),
        "members who may manage the server": say("members who may manage the server"),
        "members with the right permission": say("members with the right permission"),
        "showrunners and members who may manage the server": say("showrunners and members who may manage the server"),
    }
    return known.get(word, word)
