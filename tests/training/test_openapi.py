"""The description of a model's payload, and a real server's responses to allowed and forbidden bodies."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.training.jobs import Job
from tests.training.servers import serving
from training.payloads import openapi


@pytest.fixture(scope="module")
def server(trained: dict[str, Job], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(trained["binary"], tmp_path_factory.mktemp("openapi")) as url:
        yield url


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("policy", ["refuse", "answer"])
def test_the_description_is_openapi_3_1(trained: dict[str, Job], problem: str, policy: str) -> None:
    manifest = trained[problem].manifest | {"out_of_contract": policy}
    described = openapi.describe(manifest)
    OpenAPIV31SpecValidator(described).validate()
    rows = described["components"]["schemas"]["Row"]
    assert set(rows["properties"]) == {f["name"] for f in manifest["features"]} | set(manifest["ignored"])
    known = rows["properties"]["city"]["anyOf"][0]
    assert ("enum" in known) == (policy == "refuse")


def test_a_format_is_described_and_its_texts_are_allowed(trained: dict[str, Job]) -> None:
    manifest = json.loads(json.dumps(trained["binary"].manifest))
    formats: dict[str, Any] = {
        "income": {"thousands": ",", "decimal": ".", "unit": "€", "negative": "sign"},
        "joined": "%d/%m/%Y",
    }
    for feature in manifest["features"]:
        feature |= {"format": formats[feature["name"]]} if feature["name"] in formats else {}
    described = openapi.describe(manifest)
    OpenAPIV31SpecValidator(described).validate()
    row = described["components"]["schemas"]["Row"]["properties"]
    for name, format in formats.items():
        assert json.dumps(format, ensure_ascii=False) in row[name]["description"]
    assert "string" in row["income"]["anyOf"][0]["type"]
    assert "number" in row["income"]["anyOf"][0]["type"]


@pytest.mark.parametrize("policy", ["refuse", "answer"])
def test_categories_of_few_rows_are_not_named_and_not_refused(trained: dict[str, Job], policy: str) -> None:
    manifest = json.loads(json.dumps(trained["binary"].manifest | {"out_of_contract": policy}))
    city = next(each for each in manifest["features"] if each["name"] == "city")
    assert (city["unnamed"], len(city["categories"])) == (0, 4)
    city |= {"categories": [*city["categories"], "Quirrelmann"], "unnamed": 1}
    text = json.dumps(openapi.describe(manifest)["components"]["schemas"]["Row"]["properties"]["city"])
    assert "Quirrelmann" not in text
    assert "enum" not in text
    assert "one of the 5 categories of the training rows" in text


def test_it_travels_with_the_model_and_is_served(trained: dict[str, Job], server: str) -> None:
    reply = ask(server, "GET", "/openapi.json")
    assert json.loads(reply[1]) == openapi.describe(trained["binary"].manifest)


@pytest.fixture(scope="module")
def described(server: str) -> Any:
    return schemathesis.openapi.from_url(server + "/openapi.json")


CASES = [
    ("/invocations", GenerationMode.POSITIVE),
    ("/invocations", GenerationMode.NEGATIVE),
    ("/ping", GenerationMode.POSITIVE),
    ("/openapi.json", GenerationMode.POSITIVE),
]


@pytest.mark.parametrize(("path", "mode"), CASES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_server_keeps_to_its_description(described: Any, path: str, mode: GenerationMode, data: Any) -> None:
    operation = described[path]["POST" if path == "/invocations" else "GET"]
    case = data.draw(operation.as_strategy(generation_mode=mode))
    # What is CSV, and that lists have one length, no JSON Schema can say: such bodies may be refused.
    unsaid = case.media_type != "application/json" or (isinstance(case.body, dict) and "columns" in case.body)
    case.call_and_validate(timeout=20, excluded_checks=[positive_data_acceptance] if unsaid else [])


def ask(server: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(["text/csv", "application/json", "application/jsonlines", "application/x-parquet", "x/y"]),
    place=st.integers(0, 199),
)
def test_raw_bytes_never_make_it_fail_and_never_spoil_the_next_answer(
    trained: dict[str, Job], server: str, body: bytes, kind: str, place: int
) -> None:
    golden = json.loads((trained["binary"].paths.model / "golden.json").read_text())
    place %= len(golden["rows"])
    status, _ = ask(server, "POST", "/invocations", body, **{"Content-Type": kind})
    assert status < 500
    row = json.dumps(golden["rows"][place]).encode()
    status, reply = ask(server, "POST", "/invocations", row, **{"Content-Type": "application/json"})
    assert (status, json.loads(reply)["predictions"]) == (200, [golden["predictions"][place]])


@pytest.mark.parametrize("text", ["", "NA", " NA ", "n.a. (?)"])
def test_the_texts_of_missing_values_are_in_the_schema(trained: dict[str, Job], text: str) -> None:
    manifest = {**trained["binary"].manifest, "null_values": ["", "NA", "n.a. (?)"]}
    schema = openapi.describe(manifest)["components"]["schemas"]["Row"]["properties"]["age in years"]
    jsonschema.validate(text, schema)
    for other in ("N", "n_a_ (?)", "n.a. ("):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(other, schema)
