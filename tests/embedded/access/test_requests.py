"""Access to a running cloud: the admitted requests, and the wording of refusals."""

import http.client
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded.access import PRINCIPAL
from embedded.moto_patches import credentials
from tests.embedded.assemblies import EVERYTHING, ROLE, function, make_role, template
from tests.embedded.conftest import World
from tests.embedded.test_process_death import running

HANDLERS = """
import os, boto3
def handler(event, context):
    return {"api": os.environ["AWS_LAMBDA_RUNTIME_API"], "buckets": len(boto3.client("s3").list_buckets()["Buckets"])}
"""


def send(world: World, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], str]:
    """One plain request; underscores of the headers' names stand for dashes."""
    place = urlsplit(world.cloud.endpoint_url).netloc
    connection = http.client.HTTPConnection(place, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    response = connection.getresponse()
    found = response.status, {name.lower(): value for name, value in response.headers.items()}, response.read().decode()
    connection.close()
    return found


def presigned(world: World) -> str:
    """The path of a signed request that a browser could send: a GET of an object."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="access")
    s3.put_object(Bucket="access", Key="a b/c+d", Body=b"content")
    url = world.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": "access", "Key": "a b/c+d"}
    )
    return str(url).removeprefix(world.cloud.endpoint_url)


def wrong(world: World, service: str, **keys: str) -> Any:
    arguments = world.cloud.context.access.developer.arguments() | keys
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(
        service, endpoint_url=world.cloud.endpoint_url, region_name="us-east-1", config=config, **arguments
    )


def test_a_presigned_request_is_answered_and_its_headers_open_nothing_to_pages(world: World) -> None:
    status, headers, body = send(world, "GET", presigned(world))
    assert (status, body) == (200, "content")
    assert not [name for name in headers if name.startswith("access-control-")]
    port = urlsplit(world.cloud.endpoint_url).port
    own = f"http://127.0.0.1:{port}"
    assert send(world, "GET", presigned(world), Origin=own, Sec_Fetch_Site="same-origin")[0] == 200
    assert send(world, "GET", presigned(world), Sec_Fetch_Site="none")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"},
        {"Host": "evil.test:80"},
        {"Host": "127.0.0.1"},
        {"Host": "localhost.evil.test"},
        {"Host": ""},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_even_a_signed_request_is_refused_to_a_page_and_to_another_host(world: World, headers: dict[str, str]) -> None:
    status, _, body = send(world, "GET", presigned(world), **headers)
    assert (status, "AccessDenied" in body) == (403, True)


def test_a_host_said_twice_is_refused(world: World) -> None:
    place = urlsplit(world.cloud.endpoint_url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as plain:
        text = f"GET {presigned(world)} HTTP/1.1\r\nHost: {place.netloc}\r\nHost: evil.test\r\n\r\n"
        plain.sendall(text.encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 403")


def test_a_preflight_is_refused(world: World) -> None:
    status, headers, _ = send(
        world, "OPTIONS", "/", Origin="http://evil.test", Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="x-amz-target",
    )  # fmt: skip
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/", "/bucket", "/bucket/key", "/moto-api/reset", "//moto-api/reset", "/%6Doto-api/",
                                  "/latest/meta-data/", "/endpoints/any/invocations"])  # fmt: skip
def test_what_is_not_signed_is_refused_on_every_path(world: World, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
        assert send(world, method, path, b"x")[0] == 403


def test_motos_own_pages_are_closed_to_the_developer_too(world: World) -> None:
    s3 = world.client("s3")
    s3.create_bucket(Bucket="access")
    for bucket in ("moto-api", "latest"):
        key = "reset" if bucket == "moto-api" else "meta-data/"
        with pytest.raises(ClientError, match="does not serve this path"):
            s3.get_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "unknown", "signature"),
    [
        ("s3", "list_buckets", {}, "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        ("dynamodb", "list_tables", {}, "UnrecognizedClientException", "InvalidSignatureException"),
        ("sagemaker", "list_models", {}, "UnrecognizedClientException", "InvalidSignatureException"),
        ("lambda", "list_functions", {}, "UnrecognizedClientException", "InvalidSignatureException"),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "any", "Body": b""}, "UnrecognizedClientException",
         "InvalidSignatureException"),
        ("sns", "list_topics", {}, "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("sts", "get_caller_identity", {}, "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ],
)  # fmt: skip
def test_wrong_keys_are_refused_in_the_services_own_words(
    world: World, service: str, operation: str, arguments: dict[str, Any], unknown: str, signature: str
) -> None:
    for keys, code in (
        ({"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}, unknown),
        ({"aws_access_key_id": "test"}, unknown),
        ({"aws_secret_access_key": "embedded"}, signature),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(wrong(world, service, **keys), operation)(**arguments)
        assert caught.value.response["Error"]["Code"] == code


def test_a_large_upload_with_a_wrong_key_is_told_so(world: World) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        wrong(world, "s3", aws_secret_access_key="x").put_object(Bucket="access", Key="k", Body=b"x" * 3_000_000)


def test_keys_that_sts_and_iam_give_out_are_taken(world: World) -> None:
    account = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": account})
    iam = world.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="reader", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    given = world.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    assert wrong(world, "s3", **keys).list_buckets()["Buckets"] is not None
    with pytest.raises(ClientError, match="InvalidToken"):
        wrong(world, "s3", **keys | {"aws_session_token": "other"}).list_buckets()
    world.client("iam").create_user(UserName="person")
    world.client("iam").put_user_policy(UserName="person", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    key = world.client("iam").create_access_key(UserName="person")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert wrong(world, "s3", **keys).list_buckets()["Buckets"] is not None
    assert credentials.of_a_user("AKIAUNKNOWN") is None


def test_the_principal_of_a_request_is_in_its_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server = world.cloud._server._server
    seen: list[str] = []
    original = server.app

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(environ[PRINCIPAL])
        return original(environ, start_response)

    monkeypatch.setattr(server, "app", app)
    make_role(world.client("iam"), "training")
    role = "arn:aws:sts::123456789012:assumed-role/training/job"
    wrong(world, "s3", **world.cloud.context.access.issue(role).arguments()).list_buckets()
    world.client("s3").list_buckets()
    assert seen[-2:] == [role, "arn:aws:iam::123456789012:user/developer"]


def test_the_runtime_api_answers_to_its_own_process_alone(world: World) -> None:
    outputs = world.deploy(
        "Access",
        template(
            {"Role": ROLE, "Function": function("handlers.handler")}, Outputs={"Name": {"Value": {"Ref": "Function"}}}
        ),
        {"handlers.py": HANDLERS},
    )
    answer = world.client("lambda").invoke(FunctionName=outputs["Name"])
    found = json.loads(answer["Payload"].read())
    assert found["buckets"] >= 0, "the function's own keys open the cloud"
    place, _, token = found["api"].partition("/")
    for path in ("", f"/{token[:-1]}x", "/" + "é" * len(token)):
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.putrequest("POST", "/")
        connection._buffer = [b"POST " + f"{path}/2018-06-01/runtime/init/error".encode() + b" HTTP/1.1"]  # type: ignore[attr-defined]
        connection.endheaders()
        assert connection.getresponse().status == 403
        connection.close()
    assert json.loads(world.client("lambda").invoke(FunctionName=outputs["Name"])["Payload"].read()) == found


def test_every_start_has_its_own_keys_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            with running(tmp_path / name) as (_, state):
                ready = tmp_path / name / "ready.json"
                assert stat.S_IMODE(ready.stat().st_mode) == 0o600
                keys.append((state["exports"]["AWS_ACCESS_KEY_ID"], state["exports"]["AWS_SECRET_ACCESS_KEY"]))
    finally:
        os.umask(before)
    assert len({key for pair in keys for key in pair}) == 4


def test_the_aws_cli_uploads_lists_and_downloads(world: World, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | world.cloud.exports()
    world.client("s3").create_bucket(Bucket="access")
    (tmp_path / "big").write_bytes(os.urandom(9_000_000))  # several parts

    def aws(*words: str) -> str:
        command = [str(Path(sys.executable).with_name("aws")), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    aws("s3", "cp", str(tmp_path / "big"), "s3://access/a folder/big (1)+é.bin")
    assert "big (1)+é.bin" in aws("s3", "ls", "s3://access/a folder/")
    aws("s3", "cp", "s3://access/a folder/big (1)+é.bin", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "big").read_bytes()
