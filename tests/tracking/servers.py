"""Servers on loopback: one that keeps what it is sent and answers as MLflow does, and MLflow itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Recorder(ThreadingHTTPServer):
    """Keeps the requests, (method, path, headers, body). It knows as much of MLflow's API as an export asks for.

    `status`: if not 200, the answer to every request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.status = 200
        self.runs: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.experiments: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.server_port}"

    def bodies(self, path: str) -> list[Any]:
        """The bodies of the requests to a path."""
        return [body for _, found, _, body in self.requests if found.endswith(path)]

    def answer(self, path: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The answer of MLflow's API."""
        missing = 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "there is none"}
        match path.removeprefix("/api/2.0/mlflow/"):
            case "experiments/get-by-name":
                known = self.experiments.get(given["experiment_name"])
                return (200, {"experiment": {"experiment_id": known}}) if known else missing
            case "experiments/create":
                self.experiments[given["name"]] = str(len(self.experiments) + 1)
                return 200, {"experiment_id": self.experiments[given["name"]]}
            case "runs/search":
                found = [run for run in self.runs if f"'{run['name']}'" in given["filter"]]
                return 200, {"runs": [{"info": run["info"]} for run in found]}
            case "runs/create":
                identity = f"{len(self.runs) + 1:032x}"
                place = f"mlflow-artifacts:/{given['experiment_id']}/{identity}/artifacts"
                self.runs.append({"name": given["run_name"], "info": {"run_id": identity, "artifact_uri": place}})
                return 200, {"run": {"info": self.runs[-1]["info"]}}
            case "model-versions/search":
                return 200, {"model_versions": [one for one in self.versions if one["tag"] in given["filter"]]}
            case "model-versions/create":
                tags = {tag["key"]: tag["value"] for tag in given["tags"]}
                self.versions.append({"version": str(len(self.versions) + 1), "tag": tags["perennial.version"]})
                return 200, {"model_version": self.versions[-1]}
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    server: Recorder

    def _take(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        is_json = self.headers.get("Content-Type") == "application/json"
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(content) if content and is_json else content or query
        self.server.requests.append((self.command, parts.path, dict(self.headers), body))
        status, answer = self.server.status, {}
        if status == 200 and isinstance(body, dict):
            status, answer = self.server.answer(parts.path, body)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def do_PUT(self) -> None:
        self._take()

    def do_DELETE(self) -> None:
        self._take()

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that serves."""
    server = Recorder()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def started(command: list[str], folder: Path, health: str) -> Iterator[str]:
    """A server of MLflow on a free port, which the command holds as PORT, once `health` answers; its root."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    words = [word.replace("PORT", str(port)) for word in command]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONPATH"))}
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, cwd=folder, stdout=output, stderr=output, start_new_session=True, env=environment
        )
    try:
        while not _answers(url + health):
            assert process.poll() is None, log.read_text()
            time.sleep(0.3)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def get(url: str, body: Any = None) -> Any:
    """The JSON at a URL; with a body by POST."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code}: {error.read().decode()[:1000]}") from None
