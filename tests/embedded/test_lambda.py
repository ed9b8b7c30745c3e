"""Functions run for real: results, errors, limits, logs, warm processes, asynchronous invocations."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.assemblies import ROLE, function, template
from tests.embedded.conftest import World, eventually

HANDLERS = """
import json, logging, os, pathlib, sys, time

def echo(event, context):
    return {"event": event, "name": context.function_name, "memory": context.memory_limit_in_mb,
            "environment": {k: v for k, v in os.environ.items() if k.startswith(("AWS_", "LAMBDA_", "MY_"))},
            "pid": os.getpid(), "cwd": os.getcwd(), "remaining": context.get_remaining_time_in_millis()}

def fail(event, context):
    print("about to fail")
    raise ValueError("no such thing: " + event.get("thing", "?"))

def leave(event, context):
    os._exit(3)

def slow(event, context):
    time.sleep(event["seconds"])
    return os.getpid()

def hold(event, context):
    # says that it runs, and returns once as many files as wanted are there
    folder = pathlib.Path(event["folder"])
    (folder / context.aws_request_id).touch()
    while len(list(folder.iterdir())) < event["files"]:
        time.sleep(0.01)
    return os.getpid()

def greedy(event, context):
    hoard = bytearray(event["mb"] * 1024 * 1024)
    for i in range(0, len(hoard), 4096):
        hoard[i] = 1
    time.sleep(5)
    return len(hoard)

def chatty(event, context):
    print("plain line")
    logging.getLogger().warning("logged line")
    sys.stderr.write("error line\\n")
    return None

def measure(event, context):
    metrics = [{"Namespace": "Test", "Dimensions": [["service"]], "Metrics": [{"Name": "rows", "Unit": "Count"}]}]
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": metrics},
                      "service": "tests", "rows": [40, 2]}))
"""
BROKEN = "import nothing_of_this_name\n"

NAMES = ["echo", "fail", "leave", "slow", "chatty", "measure"]


@pytest.fixture(scope="module")
def functions(world: World) -> dict[str, Any]:
    resources: dict[str, Any] = {"Role": ROLE, "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {}}}
    for name in NAMES:
        resources[name.title()] = function(f"handlers.{name}", Timeout=2)
    resources["Echo"]["Properties"]["Environment"] = {"Variables": {"MY_BUCKET": "b"}}
    resources["Chatty"]["Properties"]["LoggingConfig"] = {"LogGroup": {"Ref": "Logs"}}
    resources["Greedy"] = function("handlers.greedy", MemorySize=128)
    resources["Broken"] = function("broken.handler")
    resources["Hold"] = function("handlers.hold", Timeout=30)
    resources["Single"] = function("handlers.hold", Timeout=30, ReservedConcurrentExecutions=1)
    resources["Dead"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    resources["Letters"] = function("handlers.fail", DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}})
    resources["Results"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    resources["Told"] = function("handlers.echo")
    destination = {"Destination": {"Fn::GetAtt": ["Results", "Arn"]}}
    resources["Destinations"] = {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Told"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnSuccess": destination, "OnFailure": destination},
        },
    }
    return world.deploy("Functions", template(resources), {"handlers.py": HANDLERS, "broken.py": BROKEN})


def invoke(world: World, name: str, event: Any = None, **given: Any) -> tuple[Any, dict[str, Any]]:
    answer = world.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}).encode(), **given)
    return json.loads(answer["Payload"].read() or b"null"), answer


def test_a_function_gets_event_context_and_environment_as_on_lambda(world: World, functions: dict[str, Any]) -> None:
    result, answer = invoke(world, functions["Echo"], {"a": ["ü", 1]})
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert result["event"] == {"a": ["ü", 1]}
    assert (result["name"], result["memory"]) == (functions["Echo"], "256")
    assert 0 < result["remaining"] <= 2000
    environment = result["environment"]
    assert result["cwd"] == environment["LAMBDA_TASK_ROOT"]
    assert environment["MY_BUCKET"] == "b"
    assert environment["AWS_ENDPOINT_URL"] == world.cloud.endpoint_url
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{functions['Echo']}"


def test_a_process_is_kept_warm_and_a_warm_call_is_fast(world: World, functions: dict[str, Any]) -> None:
    first, _ = invoke(world, functions["Echo"])
    client = world.client("lambda")

    def is_fast() -> bool:
        began = time.perf_counter()
        answer = client.invoke(FunctionName=functions["Echo"], Payload=b"{}")
        seconds = time.perf_counter() - began
        assert json.loads(answer["Payload"].read())["pid"] == first["pid"]
        return seconds < 0.030  # every call takes 88 ms if the reply's packets wait for each other

    eventually(is_fast)


def test_an_exception_comes_back_with_type_message_and_trace(world: World, functions: dict[str, Any]) -> None:
    result, answer = invoke(world, functions["Fail"], {"thing": "x"}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "no such thing: x")
    assert result["stackTrace"]
    assert "about to fail" in base64.b64decode(answer["LogResult"]).decode()


def test_a_function_that_takes_too_long_is_ended(world: World, functions: dict[str, Any]) -> None:
    began = time.monotonic()
    result, answer = invoke(world, functions["Slow"], {"seconds": 30})
    assert time.monotonic() - began < 20
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 2.00 seconds" in result["errorMessage"]
    again, _ = invoke(world, functions["Slow"], {"seconds": 0})
    assert again > 0  # a fresh process


def test_a_function_that_uses_more_than_its_memory_is_killed(world: World, functions: dict[str, Any]) -> None:
    result, answer = invoke(world, functions["Greedy"], {"mb": 300})
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "Runtime.OutOfMemory"
    assert "signal: killed" in result["errorMessage"]


def test_a_process_that_leaves_is_reported_with_its_exit_status(world: World, functions: dict[str, Any]) -> None:
    result, _ = invoke(world, functions["Leave"])
    assert result["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in result["errorMessage"]


def test_code_that_cannot_be_imported_says_so_each_time(world: World, functions: dict[str, Any]) -> None:
    for _ in range(2):
        result, answer = invoke(world, functions["Broken"])
        assert answer["FunctionError"] == "Unhandled"
        assert result["errorType"] == "Runtime.ImportModuleError"
        assert "nothing_of_this_name" in result["errorMessage"]


def test_what_is_written_is_found_in_the_functions_log_group(world: World, functions: dict[str, Any]) -> None:
    invoke(world, functions["Chatty"])
    events = world.client("logs").filter_log_events(logGroupName=functions["Logs"])["events"]
    text = "\n".join(event["message"] for event in events)
    for part in ("START RequestId", "plain line", "[WARNING]", "logged line", "error line", "END RequestId", "REPORT"):
        assert part in text


def test_metrics_in_the_log_are_put_into_cloudwatch(world: World, functions: dict[str, Any]) -> None:
    invoke(world, functions["Measure"])
    now = datetime.now(UTC)
    (point,) = world.client("cloudwatch").get_metric_statistics(
        Namespace="Test",
        MetricName="rows",
        Dimensions=[{"Name": "service", "Value": "tests"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert point["Sum"] == 42


def test_several_invocations_run_at_once(world: World, functions: dict[str, Any], tmp_path: Path) -> None:
    event = {"folder": str(tmp_path), "files": 3}  # each returns once all three run
    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(lambda _: invoke(world, functions["Hold"], event)[0], range(3)))
    assert len(set(results)) == 3


def test_reserved_concurrency_throttles(world: World, functions: dict[str, Any], tmp_path: Path) -> None:
    client = world.client("lambda", retries={"total_max_attempts": 1})
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(invoke, world, functions["Single"], {"folder": str(tmp_path), "files": 2})
        eventually(lambda: list(tmp_path.iterdir()))
        try:
            with pytest.raises(client.exceptions.TooManyRequestsException):
                client.invoke(FunctionName=functions["Single"], Payload=b"{}")
        finally:
            (tmp_path / "go").touch()
        assert busy.result()[0] > 0


def test_an_event_that_fails_for_good_is_put_into_the_dead_letter_queue(
    world: World, functions: dict[str, Any]
) -> None:
    _, answer = invoke(world, functions["Letters"], {"thing": "y"}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    message = _message(world, functions["Dead"])
    assert json.loads(message["Body"]) == {"thing": "y"}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no such thing: y"


def test_the_result_of_an_event_goes_to_its_destination(world: World, functions: dict[str, Any]) -> None:
    invoke(world, functions["Told"], {"b": 2}, InvocationType="Event")
    record = json.loads(_message(world, functions["Results"])["Body"])
    assert record["requestPayload"] == {"b": 2}
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"]["event"] == {"b": 2}


def test_changed_code_and_settings_serve_the_next_call(world: World, functions: dict[str, Any]) -> None:
    before, _ = invoke(world, functions["Echo"])
    world.client("lambda").update_function_configuration(
        FunctionName=functions["Echo"], Environment={"Variables": {"MY_BUCKET": "changed"}}
    )
    after, _ = invoke(world, functions["Echo"])
    assert after["environment"]["MY_BUCKET"] == "changed"
    assert after["pid"] != before["pid"]


def _message(world: World, url: str) -> Any:
    def receive() -> Any:
        answer = world.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        return answer.get("Messages")

    return eventually(receive)[0]
