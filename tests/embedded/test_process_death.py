"""The cloud leaves no process and no file, in whatever way it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from embedded.processes import ProcessGroup
from tests.embedded.assemblies import ROLE, function, template, write_assembly
from tests.embedded.conftest import eventually

ROOT = Path(__file__).parents[2]
# A function that starts a process of its own, as a training job does.
HANDLERS = """
import os, subprocess, sys
CHILD = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
def handler(event, context):
    return [os.getpid(), CHILD.pid]
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").exists()


@contextmanager
def running(tmp_path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The cloud as a program, ready, with one warm function."""
    resources = {"Role": ROLE, "Function": function("handlers.handler")}
    assembly = write_assembly(tmp_path / "cdk.out", {"Stack": template(resources)}, {"handlers.py": HANDLERS})
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "embedded", "--assembly", str(assembly), "--ready", str(ready), *arguments]
    environment = os.environ | {
        "AWS_PROFILE": "nobody",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://x:9",
    }
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: ready.exists() or process.poll() is not None, 300)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield process, json.loads(ready.read_text())
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def children(state: dict[str, Any]) -> list[int]:
    """The ids of the function's process and of the process that it started."""
    names = {
        "aws_access_key_id": state["exports"]["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": state["exports"]["AWS_SECRET_ACCESS_KEY"],
    }
    client = boto3.client("lambda", endpoint_url=state["endpoint_url"], region_name="us-east-1", **names)
    (name,) = [item["FunctionName"] for item in client.list_functions()["Functions"]]
    pids: list[int] = json.loads(client.invoke(FunctionName=name)["Payload"].read())
    assert all(alive(pid) for pid in pids)
    return pids


def test_a_killed_cloud_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    with running(tmp_path) as (process, state):
        pids = children(state)
        process.kill()
        process.wait(timeout=180)
        eventually(lambda: not any(alive(pid) for pid in pids))
        eventually(lambda: not Path(state["workdir"]).exists())


def test_a_cloud_ends_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with running(tmp_path, "--parent", str(parent.pid)) as (process, state):
            pids = children(state)
            parent.kill()
            process.wait(timeout=180)
            eventually(lambda: not any(alive(pid) for pid in pids))
    finally:
        parent.kill()
        parent.wait()


def test_a_hangup_deploys_again_an_error_keeps_what_runs_and_an_interrupt_ends_all(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with running(tmp_path) as (process, state):
        assert (state["generation"], state["error"]) == (1, None)
        parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/new", "Type": "String", "Value": "1"}}
        resources = {"Role": ROLE, "Function": function("handlers.handler"), "New": parameter}
        write_assembly(tmp_path / "cdk.out", {"Stack": template(resources)})
        process.send_signal(signal.SIGHUP)
        eventually(lambda: json.loads(ready.read_text())["generation"] == 2)
        write_assembly(tmp_path / "cdk.out", {"Stack": template(resources | {"Bad": {"Type": "AWS::EC2::Instance"}})})
        process.send_signal(signal.SIGHUP)
        eventually(lambda: json.loads(ready.read_text())["generation"] == 3)
        assert "AWS::EC2::Instance" in json.loads(ready.read_text())["error"]
        pids = children(state)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=180) == 0
        assert not any(alive(pid) for pid in pids)
        assert not ready.exists()
        assert not Path(state["workdir"]).exists()


def test_a_hangup_deploys_the_assemblies_that_were_added_to_the_list(tmp_path: Path) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/added", "Type": "String", "Value": "1"}}
    ready, listed = tmp_path / "ready.json", tmp_path / "assemblies"
    listed.write_text("")
    with running(tmp_path, "--assemblies", str(listed)) as (process, state):
        added = write_assembly(tmp_path / "added", {"Added": template({"New": parameter})})
        listed.write_text(f"{added}\n")
        process.send_signal(signal.SIGHUP)
        eventually(lambda: json.loads(ready.read_text())["generation"] == 2)
        now = json.loads(ready.read_text())
        assert (now["error"], now["assemblies"]) == (None, [str(tmp_path / "cdk.out"), str(added)])
        assert len(children(state)) == 2  # the function of the first one still answers


def test_no_assembly_at_all_is_wrong_usage() -> None:
    command = [sys.executable, "-m", "embedded", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 2
    assert "--assembly is required" in done.stderr


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    assembly = write_assembly(tmp_path / "cdk.out", {"Stack": template({})})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "embedded", "--assembly", str(assembly), "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cannot listen at 127.0.0.1:{port}")
    assert len(done.stderr.splitlines()) == 1


def test_a_speed_that_makes_no_sense_is_one_clear_line(tmp_path: Path) -> None:
    assembly = write_assembly(tmp_path / "cdk.out", {"Stack": template({})})
    command = [sys.executable, "-m", "embedded", "--assembly", str(assembly), "--speed", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert (done.returncode, done.stderr) == (1, "error: speed must be above 0, got 0.0\n")


def test_a_missing_assembly_is_one_clear_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "embedded", "--assembly", str(tmp_path / "nothing")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 1
    assert "no cloud assembly" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_group_stops_its_children_and_starts_no_more(tmp_path: Path) -> None:
    group = ProcessGroup()
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    command = [sys.executable, "-c", stubborn]
    children = [group.spawn(command, dict(os.environ), tmp_path, tmp_path / "log") for _ in range(2)]
    until = time.monotonic() + 60
    while (tmp_path / "log").read_text().count("deaf") < len(children) and time.monotonic() < until:
        time.sleep(0.02)  # until they ignore SIGTERM
    group.stop(children[0], grace=0.1)
    assert children[0].returncode == -signal.SIGKILL
    group.stop_all()
    assert not any(alive(child.pid) for child in children)
    with pytest.raises(OSError, match="ending"):
        group.spawn(command, dict(os.environ), tmp_path, tmp_path / "log")
