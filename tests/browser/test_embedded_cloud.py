"""Web pages that are open while the embedded cloud runs: they can neither read it nor change it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page

from embedded.cloud import Cloud

BUCKET, KEY, SOURCE = "lake", "train.py", b"print('ours')"
BLANK = "<!doctype html><title>page</title><iframe name='answer'></iframe>"
# A form's field named `file` is what S3 stores at `key`.
FORM = """
([action, key]) => {
  const form = document.createElement("form");
  Object.assign(form, {method: "post", enctype: "multipart/form-data", action, target: "answer"});
  for (const [name, value] of [["key", key], ["Content-Type", "text/plain"]])
    form.append(Object.assign(document.createElement("input"), {name, value}));
  const file = Object.assign(document.createElement("input"), {type: "file", name: "file"});
  const list = new DataTransfer();
  list.items.add(new File(["print('theirs')"], "train.py"));
  file.files = list.files;
  form.append(file);
  document.body.append(form);
  form.submit();
}
"""
FETCH = """
async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return `${answer.type} ${answer.status} ${await answer.text()}`;
  } catch (error) { return String(error); }
}
"""


@dataclass(frozen=True)
class Target:
    """A cloud with one object, and its developer's credentials."""

    cloud: Cloud
    rebound: Page

    @property
    def url(self) -> str:
        return self.cloud.endpoint_url

    def client(self, service: str) -> Any:
        names = self.cloud.exports()
        return boto3.client(
            service, endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id=names["AWS_ACCESS_KEY_ID"], aws_secret_access_key=names["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip

    def contents(self) -> dict[str, dict[str, bytes]]:
        """All objects of all buckets."""
        s3, found = self.client("s3"), {}
        for bucket in (entry["Name"] for entry in s3.list_buckets()["Buckets"]):
            keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
            found[bucket] = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        return found


@contextmanager
def pages() -> Iterator[int]:
    """The port of a server of pages."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(BLANK.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture(scope="module")
def target(browser: Browser) -> Iterator[Target]:
    page = browser.new_page()
    with pages() as port:
        page.goto(f"http://evil.test:{port}/")
    with Cloud.start(port, speed=20.0) as cloud:  # where the page's own server was
        yield Target(cloud, page)
    page.close()


@pytest.fixture(autouse=True)
def unchanged(target: Target) -> Iterator[None]:
    """Asserts that the cloud's objects are unchanged."""
    s3 = target.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=SOURCE)
    yield
    assert target.contents() == {BUCKET: {KEY: SOURCE}}


@pytest.fixture(params=["127.0.0.1", "evil.test"])
def foreign(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of another port of the loopback, and one of another site."""

    with pages() as port:
        page = browser.new_page()
        page.goto(f"http://{request.param}:{port}/")
        yield page
        page.close()


@pytest.fixture
def rebound(target: Target) -> Page:
    """A page whose host name resolved to its own server when it was loaded, and now to the cloud."""
    return target.rebound


def fetched(page: Page, url: str, **options: Any) -> str:
    return str(page.evaluate(FETCH, [url, options]))


def submitted(page: Page, action: str) -> int:
    """The status of the response to a form with a file, submitted as by a person."""
    with page.expect_response(lambda answer: answer.request.method == "POST", timeout=10_000) as caught:
        page.evaluate(FORM, [action, KEY])
    return int(caught.value.status)


def refused(answer: str) -> bool:
    """True if a page receives nothing: no response, one that it cannot read, or a refusal."""
    return answer.startswith(("TypeError: Failed to fetch", "opaque 0 ")) or " 403 " in answer


def test_a_form_of_another_page_overwrites_nothing(foreign: Page, target: Target) -> None:
    assert submitted(foreign, f"{target.url}/{BUCKET}") == 403


def test_a_form_of_another_page_resets_nothing(foreign: Page, target: Target) -> None:
    assert submitted(foreign, f"{target.url}/moto-api/reset") == 403


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"credentials": "include"},
        {"method": "PUT", "body": "x"},
        {"method": "POST", "headers": {"X-Amz-Target": "SageMaker.ListModels"}, "body": "{}"},
        {"method": "POST", "headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/a"}},
    ],
)
def test_another_page_fetches_nothing(foreign: Page, target: Target, options: dict[str, Any]) -> None:
    for path in ("/", f"/{BUCKET}", f"/{BUCKET}/{KEY}", "/endpoints/any/invocations", "/moto-api/data.json"):
        answer = fetched(foreign, target.url + path, **options)
        assert answer.startswith("TypeError: Failed to fetch"), answer


def test_another_page_changes_nothing_without_reading_the_answer(foreign: Page, target: Target) -> None:
    targets = "Action=CreateQueue&QueueName=theirs&Version=2012-11-05"
    for path, body in ((f"/{BUCKET}/{KEY}?delete", "<Delete><Object><Key>train.py</Key></Object></Delete>"),
                       ("/", targets), ("/moto-api/reset", "")):  # fmt: skip
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert refused(fetched(foreign, target.url + path, method="POST", mode="no-cors", body=body, headers=kind))
    upload = """async (url) => { const form = new FormData(); form.append("key", "train.py");
      form.append("file", new Blob(["print('theirs')"]));
      await fetch(url, {method: "POST", mode: "no-cors", body: form});
      return true }"""
    assert foreign.evaluate(upload, f"{target.url}/{BUCKET}")
    assert target.client("sqs").list_queues().get("QueueUrls", []) == []


def test_a_page_whose_name_is_rebound_to_the_loopback_gets_nowhere(rebound: Page, target: Target) -> None:
    for path in ("/", f"/{BUCKET}", f"/{BUCKET}/{KEY}", "/moto-api/data.json"):
        assert refused(fetched(rebound, path))
    assert refused(fetched(rebound, f"/{BUCKET}/{KEY}", method="PUT", body="print('theirs')"))
    assert refused(fetched(rebound, f"/{BUCKET}/{KEY}", method="DELETE"))
    assert refused(fetched(rebound, "/moto-api/reset", method="POST"))
    assert submitted(rebound, f"/{BUCKET}") == 403
