import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from model import openapi, wire
from model.briefs import PitchBrief, genre, theme
from model.drafts import PitchDraft
from model.engine import Drafted, Event, Finished, Queued, Text
from model.schema import Activation, Adapters

DOCUMENT = openapi.document("1")


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def validator(name: str) -> Draft202012Validator:
    registry = Registry().with_resource("urn:api", Resource.opaque(DOCUMENT))
    return Draft202012Validator({"$ref": f"urn:api#/components/schemas/{name}"}, registry=registry)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        name = reference.removeprefix("#/components/schemas/")
        assert name in DOCUMENT["components"]["schemas"], reference


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_it_has_what_openapi_3_1_requires() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert set(DOCUMENT["info"]) >= {"title", "version"}
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            assert operation["responses"]
            assert all("description" in response for response in operation["responses"].values())


def test_our_own_swaps_are_of_the_documented_shape() -> None:
    validator("Activation").validate(Activation(name=None).model_dump())
    assert not validator("Activation").is_valid({})
    validator("Adapters").validate(Adapters(names=["a"], active="a", before=[None], worn=None).model_dump())
    assert {"/v1/adapters", "/v1/adapters/activate", "/v1/adapters/rollback"} <= set(DOCUMENT["paths"])


def test_our_own_brief_is_of_the_documented_shape() -> None:
    brief = PitchBrief(genre=genre("comedy"), theme=theme("snow"), avoid=("Up",))
    validator("Brief").validate(json.loads(wire.brief_to_json(brief)))
    assert not validator("Brief").is_valid({"task": "poem"})


@pytest.mark.parametrize(
    "event",
    [
        Queued(1),
        Text(0, "x"),
        Drafted(0, PitchDraft(title="Salt", summary="Two sisters.")),
        Finished(model="m", computed=1, kept=1),
    ],
)
def test_our_own_events_are_of_the_documented_shape(event: Event) -> None:
    validator("Event").validate(json.loads(wire.event_to_json(event)[1]))
