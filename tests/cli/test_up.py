"""perennial up and down: what can be said without starting a cloud. The cloud itself is tested end to end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli import connection, embedded_cloud, synthesis
from cli.embedded_cloud import Place
from cli.output import CommandError
from tests.cli.conftest import Perennial


def _state(place: Place, pid: int, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    place.state.parent.mkdir(exist_ok=True)
    place.state.write_text(json.dumps({"pid": pid, "endpoint_url": url, "exports": {"AWS_ENDPOINT_URL": url}}))


def test_down_without_a_cloud_says_so(perennial: Perennial) -> None:
    result = perennial("down")
    assert result.exit_code == 0
    assert "no embedded cloud is running" in result.stderr


def test_the_state_of_a_killed_cloud_is_taken_away(perennial: Perennial, checkout: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    place = embedded_cloud.place_of_project()
    _state(place, ended.pid, 1)
    assert perennial("down").exit_code == 0
    assert not place.state.exists()


def test_a_taken_port_is_one_clear_line(checkout: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port} is taken; next: choose another --port"):
            embedded_cloud.start(embedded_cloud.place_of_project(), checkout / "cdk.out", port, 20, None)


def test_a_malformed_spec_stops_up_with_file_line_and_field(perennial: Perennial, checkout: Path) -> None:
    (checkout / "models" / "m.yaml").write_text("name: m\nproblm: binary\n")
    result = perennial("up")
    assert result.exit_code == 1
    assert "m.yaml:2: problm: unknown field; did you mean 'problem'?" in result.stderr


def test_an_app_that_cannot_be_synthesized_is_told_by_its_last_words(perennial: Perennial, checkout: Path) -> None:
    (checkout / "app.py").write_text("raise SystemExit('the stacks are broken')")
    result = perennial("up")
    assert result.exit_code == 1
    assert "the stacks cannot be synthesized:\nthe stacks are broken" in result.stderr


def test_an_assembly_is_made_again_only_when_something_changed(checkout: Path) -> None:
    (checkout / "app.py").write_text(
        "import os, pathlib\nout = pathlib.Path(os.environ['CDK_OUTDIR'])\nout.mkdir(parents=True, exist_ok=True)\n"
        "count = out / 'count'\ncount.write_text((count.read_text() if count.exists() else '') + 'x')\n"
    )
    out = checkout / "build" / "cdk.out"
    first = synthesis.assembly(checkout, out)[1]
    assert synthesis.assembly(checkout, out)[1] == first
    assert (out / "count").read_text() == "x"
    (checkout / "models" / "new.yaml").write_text("name: new")
    assert synthesis.assembly(checkout, out)[1] != first
    assert (out / "count").read_text() == "xx"


def test_an_embedded_cloud_that_is_up_is_used_where_nothing_else_is_said(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        _state(embedded_cloud.place_of_project(), os.getpid(), port)
        monkeypatch.setenv("AWS_PROFILE", "mine")
        connection.choose()
        assert "AWS_ENDPOINT_URL" not in os.environ
        monkeypatch.delenv("AWS_PROFILE")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "")  # so that it is put back after the test
        connection.choose()
        assert os.environ["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{port}"


def test_a_proxy_is_told_to_keep_away(monkeypatch: pytest.MonkeyPatch) -> None:
    running = embedded_cloud.Running(1, "http://127.0.0.1:1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert running.environment() == running.exports
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "intra.example")
    assert running.environment()["NO_PROXY"] == "intra.example,127.0.0.1"


def test_doctor_says_what_to_do(perennial: Perennial, checkout: Path) -> None:
    result = perennial("doctor", "--json")
    assert result.exit_code == 1
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert findings["python"]["ok"]
    assert findings["node"]["ok"]
    assert "perennial init" in findings["specs"]["remedy"]
    assert "perennial up --detach" in findings["cloud"]["remedy"]


def test_doctor_asks_for_no_quotas_where_there_is_no_cloud(perennial: Perennial, checkout: Path) -> None:
    findings = {found["name"]: found for found in json.loads(perennial("doctor", "--json").stdout)["findings"]}
    assert findings["quotas"]["ok"]
    assert findings["quotas"]["found"] == "not asked: there is no cloud"


def test_a_cloud_that_nobody_asked_for_is_no_fault(perennial: Perennial, checkout: Path) -> None:
    (checkout / "models" / "tiny.yaml").write_text(
        "name: tiny\nproblem: binary\ntarget: y\ncolumns: {x: {type: number}, y: {type: boolean}}\n"
        "card: {origin: a test, licence: CC0-1.0, terms: none}\n"
    )
    result = perennial("doctor")
    assert (result.exit_code, "fault" in result.stdout) == (0, False), result.stdout
    assert "none   cloud     no embedded cloud is up" in result.stdout
    asked = perennial("doctor", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert asked.exit_code == 1, "a cloud that the user points to and that does not answer"
    assert "fault  cloud" in asked.stdout


def test_a_cloud_that_is_up_does_not_become_another_account(perennial: Perennial, checkout: Path) -> None:
    (checkout / "app.py").write_text(
        "import os, pathlib\npathlib.Path(os.environ['CDK_OUTDIR']).mkdir(parents=True, exist_ok=True)\n"
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        _state(embedded_cloud.place_of_project(), os.getpid(), listener.getsockname()[1])
        result = perennial("up", "--account", "new")
    assert result.exit_code == 1
    assert "has the quotas of a grown account; next: perennial down, then up --account new" in result.stderr
