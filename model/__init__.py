"""The writer: prompts, decoding, the worker that serves them, and the client that asks it."""
