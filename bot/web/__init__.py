"""The Writers' Room in a browser: the same use cases, server-rendered, no build step."""
