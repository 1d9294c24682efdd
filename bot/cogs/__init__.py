"""Slash commands: Discord in, one use case, Discord out. A new file here is loaded by itself."""
