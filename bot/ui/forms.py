"""Forms that pop up: a few fields, and what happens with what was written into them."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

_OURS: Final = f"gl:v1:form:{secrets.token_hex(4)}:"  # of this process

Submitted = Callable[[discord.Interaction[Any], dict[str, str]], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: ``label`` (45 characters), ``value`` what stands in it; ``limit`` characters at most."""

    name: str
    label: str
    value: str = ""
    limit: int = 100
    long: bool = False
    required: bool = True


class Form(ui.Modal):
    """A form that lives as long as the process; ``submitted`` is given what was written, by name of field."""

    def __init__(self, title: str, fields: Sequence[Field], submitted: Submitted) -> None:
        super().__init__(title=title[:45], custom_id=f"{_OURS}{secrets.token_hex(8)}")
        self._submitted = submitted
        self._inputs: dict[str, ui.TextInput[Any]] = {}
        for field in fields:
            written: ui.TextInput[Any] = ui.TextInput(
                style=discord.TextStyle.paragraph if field.long else discord.TextStyle.short,
                default=field.value or None,
                max_length=field.limit,
                required=field.required,
            )
            self._inputs[field.name] = written
            self.add_item(ui.Label(text=field.label[:45], component=written))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Hand on what was written; what goes wrong becomes a sentence as everywhere."""
        values = {name: written.value for name, written in self._inputs.items()}
        await interaction.client.submit(interaction, self._submitted, values)


def is_ours(custom_id: str | None) -> bool:
    """Say whether a form was shown by this process: of another one's nobody knows what it was for."""
    return (custom_id or "").startswith(_OURS)
