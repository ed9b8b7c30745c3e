"""The server through WSGI, and a real one, started as the container starts it."""

import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.signatures import signed_environment
from tests.training.jobs import Job
from training.champion import unpack
from training.serve import App


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: App, body: bytes | str = b"", kind: str = "application/json", **environ: Any) -> Response:
    content = body.encode() if isinstance(body, str) else body
    seen: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        seen.update(status=int(status.split()[0]), headers=dict(headers))

    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/invocations",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
        **environ,
    }
    answer = b"".join(app(request, start_response))
    assert int(seen["headers"]["Content-Length"]) == len(answer)
    return Response(seen["status"], seen["headers"], answer)


CLOSED = """
import sys

class Closed:
    def find_spec(self, name, path=None, target=None):
        room, _, rest = name.partition(".")
        ours = room == "perennial" and (not rest or rest.split(".")[0] == "contract")
        if not ours and room in ("perennial", "cloud", "functions", "pydantic", "polars"):
            raise ImportError(f"{name} is not in the container")

sys.meta_path.insert(0, Closed())
"""


@contextmanager
def serving(job: Job, scratch: Path) -> Iterator[str]:
    """gunicorn's address, once it is ready: an extracted archive, its code/ on the path, another folder.

    Only the archive's code and the container's packages can be imported.
    """
    folder = scratch / "opt/ml/model"
    unpack(job.pack(scratch / "model.tar.gz"), folder)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    environment = {
        **os.environ,
        "SAGEMAKER_SERVING_MODULE": "training.serve:app",
        "PYTHONPATH": f"{folder / 'code'}{os.pathsep}{scratch / 'closed'}",
        "SM_MODEL_DIR": str(folder),
        "OMP_NUM_THREADS": "1",
        "PERENNIAL_MODEL_VERSION": job.version,
        "PERENNIAL_MODEL_DIGEST": job.manifest["digest"],
        **signed_environment(job.version, job.manifest["digest"]),
    }
    (scratch / "elsewhere").mkdir()
    (scratch / "closed").mkdir()
    (scratch / "closed/sitecustomize.py").write_text(CLOSED)
    command = ["-P", "-m", "gunicorn", environment["SAGEMAKER_SERVING_MODULE"], "-b", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "2", "--keep-alive", "75"]
    process = subprocess.Popen([sys.executable, *command], env=environment, cwd=scratch / "elsewhere")
    try:
        _wait(f"http://127.0.0.1:{port}/ping")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=30).close()
            return
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
