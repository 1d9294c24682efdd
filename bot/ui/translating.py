"""What Discord itself shows of the commands, in the languages that we have."""

from typing import Final

import discord
from discord import app_commands

from bot import languages

_NAMES: Final = {
    app_commands.TranslationContextLocation.command_name,
    app_commands.TranslationContextLocation.group_name,
    app_commands.TranslationContextLocation.parameter_name,
    app_commands.TranslationContextLocation.choice_name,
}


class Commands(app_commands.Translator):
    """Names and descriptions of commands in the languages that we have; a name stands in a catalog as ``/name``."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return a name or description in a language of Discord's, None to leave it in English."""
        language = languages.language_of(locale.value)
        if language == languages.ENGLISH or locale.value in languages.LEFT_OUT:
            return None
        is_name = context.location in _NAMES
        found = languages.translated(f"/{string.message}" if is_name else string.message, language)
        return found.removeprefix("/") if is_name else found
