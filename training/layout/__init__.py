"""Reads a screenplay as it was typed: columns, capitals and gaps tell headings, action and speeches apart."""

from training.layout.elements import Action, Element, Slug, Speech, elements

__all__ = ["Action", "Element", "Slug", "Speech", "elements"]
