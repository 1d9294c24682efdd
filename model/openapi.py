"""The worker's interface as an OpenAPI 3.1 document, made from the shapes that check every request."""

from typing import Any, Final

from pydantic import TypeAdapter

from model import schema

_JSON: Final = "application/json"
_PROBLEMS: Final = {
    "401": "The token is missing or wrong.",
    "404": "There is no such adapter.",
    "413": "The body is larger than 64 KiB.",
    "422": "The brief cannot be written as it stands, or the adapter cannot be worn.",
    "429": "The line is full; Retry-After says when to ask again.",
    "500": "The worker broke on this brief; the reference finds the traceback in its log.",
    "503": "The model still loads, or the worker stops.",
    "504": "It was wanted earlier.",
}


def document(version: str) -> dict[str, Any]:
    """Return the document for this ``version`` of the program."""
    schemas: dict[str, Any] = {}
    shapes: dict[str, Any] = {
        "Brief": schema.BriefWire,
        "Event": schema.EventWire,
        "Status": schema.Status,
        "Error": schema.ProblemBody,
    }
    for name, shape in shapes.items():
        made = TypeAdapter(shape).json_schema(ref_template="#/components/schemas/{model}")
        schemas |= made.pop("$defs", {}) | {name: made}
    return {
        "openapi": "3.1.0",
        "info": {"title": "GreenLIT model worker", "version": version},
        "paths": {
            "/v1/drafts": {"post": _drafts()},
            "/v1/status": {"get": _get("What the worker says about itself.", _content("Status"), "401")},
            "/livez": {"get": _get("The process answers.", None) | {"security": []}},
            "/readyz": {"get": _get("The model is loaded.", None, "503") | {"security": []}},
        },
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _drafts() -> dict[str, Any]:
    stream = {"text/event-stream": {"schema": {"$ref": "#/components/schemas/Event"}}}
    return {
        "summary": "Write drafts for one brief.",
        "description": "Each event's data is one line of JSON. Closing the connection cancels the work.",
        "requestBody": {"required": True, "content": _content("Brief")},
        "responses": {"200": {"description": "Events; the last is finished or error.", "content": stream}}
        | _problems(*_PROBLEMS),
    }


def _get(summary: str, content: dict[str, Any] | None, *problems: str) -> dict[str, Any]:
    success: dict[str, Any] = {"description": summary}
    if content:
        success["content"] = content
    return {"summary": summary, "responses": {"200": success} | _problems(*problems)}


def _problems(*statuses: str) -> dict[str, Any]:
    return {status: {"description": _PROBLEMS[status], "content": _content("Error")} for status in statuses}


def _content(name: str) -> dict[str, Any]:
    return {_JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
