"""Discord's official OpenAPI document, as a judge of the requests a bot sends."""

import json
from collections.abc import Iterator, Mapping
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]

#: Beside the checkout when the team's data folder is there; the project works without it.
DOCUMENT = Path(__file__).resolve().parents[2].parent / "shared" / "contracts" / "discord-openapi.json"
NAME = "urn:discord"
FORGIVEN = ("use_nested_fields",)  # discord.py asks so for a forum post, and Discord knows it, not its document
MESSAGE_LIMIT = 2000  # the document allows 4000 characters; Discord does not


class Contract:
    """Finds the operation a request belongs to and says what is wrong with its body."""

    def __init__(self, document: Json) -> None:
        self._paths: Json = document["paths"]
        self._document = document
        self._registry: Registry[Any] = Registry().with_resource(NAME, DRAFT202012.create_resource(document))
        self._validator = cache(self._new_validator)
        self._known_keys = cache(self._new_known_keys)

    @classmethod
    def load(cls, document: Path = DOCUMENT) -> "Contract | None":
        """The contract kept in a file, or None where there is no such file."""
        return cls(json.loads(document.read_text(encoding="utf-8"))) if document.exists() else None

    def violations(self, method: str, path: str, body: object, query: Mapping[str, str] | None = None) -> list[str]:
        """Every way in which a request breaks the contract, one sentence each."""
        template = self._template(path)
        operation = self._paths[template].get(method.lower()) if template else None
        if template is None or operation is None:
            return [f"{method} {path}: no such operation"]
        where = f"{method} {template}"
        asked = [f"{where}: {problem}" for problem in _query_problems(operation, query or {})]
        request = operation.get("requestBody")
        if request is None or (body is None and not request.get("required")):
            return asked if body is None else [*asked, f"{where}: takes no body"]
        return asked + [
            f"{where}: {problem}" for problem in self._problems(template, method.lower(), _forgive(method, body))
        ]

    def _problems(self, template: str, method: str, body: object) -> Iterator[str]:
        error = best_match(self._validator(template, method).iter_errors(body))
        if error is not None:
            yield f"{'/'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:300]}"
        if not isinstance(body, dict):
            return
        for key in sorted(body.keys() - self._known_keys(template, method)):
            yield f"{key}: no branch of the contract knows this key"
        content = (body.get("data") or body).get("content")
        if isinstance(content, str) and len(content) > MESSAGE_LIMIT:
            yield f"content: {len(content)} characters are more than {MESSAGE_LIMIT}"

    def _template(self, path: str) -> str | None:
        """The most literal template that fits a path, so that `@me` and `@original` win over an id."""
        segments = path.split("/")
        fits = [t for t in self._paths if _fits(t.split("/"), segments)]
        return min(fits, key=lambda template: template.count("{"), default=None)

    def _schema_path(self, template: str, method: str) -> tuple[str, ...]:
        content = self._paths[template][method]["requestBody"]["content"]
        kind = "application/json" if "application/json" in content else next(iter(content))
        return ("paths", template, method, "requestBody", "content", kind, "schema")

    def _new_validator(self, template: str, method: str) -> Draft202012Validator:
        steps = [step.replace("~", "~0").replace("/", "~1") for step in self._schema_path(template, method)]
        pointer = quote("/" + "/".join(steps), safe="/~@")
        return Draft202012Validator({"$ref": f"{NAME}#{pointer}"}, registry=self._registry)

    def _new_known_keys(self, template: str, method: str) -> frozenset[str]:
        return frozenset(self._keys(reduce(getitem, self._schema_path(template, method), self._document)))

    def _keys(self, schema: Json) -> Iterator[str]:
        yield from schema.get("properties", {})
        if "$ref" in schema:
            yield from self._keys(self._document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
        for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            yield from self._keys(branch)


def _query_problems(operation: Json, query: Mapping[str, str]) -> Iterator[str]:
    """What is wrong behind the question mark: names nobody knows, and yes or no said otherwise."""
    known = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each.get("in") == "query"}
    for name, value in query.items():
        if name in FORGIVEN:
            continue
        if name not in known:
            yield f"?{name}: no such parameter"
        elif known[name].get("type") == "boolean" and value not in {"true", "false", "True", "False", "1", "0"}:
            yield f"?{name}={value}: neither true nor false"


def _fits(template: list[str], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        part.startswith("{") or part == segment for part, segment in zip(template, segments, strict=True)
    )


def _forgive(method: str, body: object) -> object:
    """Take out what discord.py sends and Discord accepts, though the document does not say so."""
    if not isinstance(body, Mapping):
        return body
    body = dict(body)
    if method == "PATCH":
        body.pop("tts", None)
    if isinstance(body.get("data"), Mapping):
        body["data"] = _forgive(method, body["data"])
    if isinstance(body.get("attachments"), list):
        body["attachments"] = [{**item, "id": str(item.get("id"))} for item in body["attachments"]]
    if isinstance(body.get("recipient_id"), int):
        body["recipient_id"] = str(body["recipient_id"])
    return body
