"""The worker's interface as an OpenAPI 3.1 document, made from the shapes that check every request."""

from typing import Any, Final

from pydantic import TypeAdapter

from model import schema

_JSON: Final = "application/json"
_PROBLEMS: Final = {
    "401": "The token is missing or wrong.",
    "404": "The worker was started without a store of adapters.",
    "409": "Nothing was active before.",
    "413": "The body is larger than 64 KiB.",
    "422": "The brief, or the adapter, cannot be used as it stands.",
    "429": "The line is full; Retry-After says when to ask again.",
    "500": "The worker broke on this; the reference finds the traceback in its log.",
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
        "Activation": schema.Activation,
        "Adapters": schema.Adapters,
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
            "/v1/status": {"get": _operation("What the worker says about itself.", _content("Status"), "401")},
            "/v1/adapters": {"get": _adapters()},
            "/v1/adapters/activate": {"post": _activate()},
            "/v1/adapters/rollback": {"post": _rollback()},
            "/livez": {"get": _operation("The process answers.", None) | {"security": []}},
            "/readyz": {"get": _operation("The model is loaded.", None, "503") | {"security": []}},
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
        | _problems("401", "413", "422", "429", "500", "503"),
    }


def _adapters() -> dict[str, Any]:
    return _operation("The stored adapters.", _content("Adapters"), "401", "404", "500", "503")


def _activate() -> dict[str, Any]:
    problems = ("401", "404", "413", "422", "500", "503")
    return _operation("Make a stored adapter active, or none.", _content("Adapters"), *problems) | {
        "description": "Briefs that are being written keep theirs; the answer comes when later ones write with it.",
        "requestBody": {"required": True, "content": _content("Activation")},
    }


def _rollback() -> dict[str, Any]:
    problems = ("401", "404", "409", "422", "500", "503")
    return _operation("Make active what was so before, and so on back.", _content("Adapters"), *problems)


def _operation(summary: str, content: dict[str, Any] | None, *problems: str) -> dict[str, Any]:
    success: dict[str, Any] = {"description": summary}
    if content:
        success["content"] = content
    return {"summary": summary, "responses": {"200": success} | _problems(*problems)}


def _problems(*statuses: str) -> dict[str, Any]:
    return {status: {"description": _PROBLEMS[status], "content": _content("Error")} for status in statuses}


def _content(name: str) -> dict[str, Any]:
    return {_JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
