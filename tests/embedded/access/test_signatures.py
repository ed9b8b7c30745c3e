"""Signatures are read as botocore writes them, and only signed requests are admitted."""

import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from embedded.access import Authenticator, DeniedError, Registry
from embedded.access.refusals import Reason

PORT = 4566
REGISTRY = Registry("123456789012")
AUTHENTICATOR = Authenticator(PORT, REGISTRY)
ROLE = "arn:aws:iam::123456789012:role/training"


@dataclass(frozen=True)
class Sent:
    """A request as the server receives it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def admitted(self) -> str:
        claim = AUTHENTICATOR.examine(self.method, self.target, self.headers)
        return AUTHENTICATOR.admit(claim, self.method, self.target, self.headers, self.body)

    def with_headers(self, **changes: str) -> "Sent":
        return replace(self, headers=self.headers | {name.replace("_", "-"): text for name, text in changes.items()})


def sign(signer: type[SigV4Auth], service: str, principal: str | None = None, **given: Any) -> Sent:
    """A request signed by botocore, as the developer or as a principal."""
    keys = REGISTRY.issue(principal) if principal else REGISTRY.developer
    pair = Credentials(keys.access_key, keys.secret_key, keys.session_token)
    url = f"http://127.0.0.1:{PORT}{given.get('path', '/')}"
    body = b"" if signer is S3SigV4QueryAuth else given.get("body", b"")  # which is not there when a URL is signed
    request = AWSRequest(given.get("method", "PUT"), url, dict(given.get("headers", {})), body)
    signer(pair, service, "us-east-1").add_auth(request)
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    return Sent(request.method, target, headers | {"host": f"127.0.0.1:{PORT}"}, given.get("body", b""))


def refusal(sent: Sent) -> Reason:
    with pytest.raises(DeniedError) as caught:
        sent.admitted()
    return caught.value.reason


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
paths = st.lists(texts, max_size=4).map(lambda parts: "/" + quote("/".join(parts), safe="/~"))
# A query's own X-Amz-Security-Token would be the token of a presigned request.
parameters = texts.filter(lambda name: name and not name.startswith("X-Amz-"))
queries = st.dictionaries(parameters, texts, max_size=4).map(lambda pairs: urlencode(pairs, quote_via=quote))
names = st.sampled_from(["x-amz-meta-a", "x-amz-target", "content-type", "x-other", "if-match"])
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
methods = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"])
requests = st.fixed_dictionaries(
    {
        "path": st.builds(lambda path, query: f"{path}?{query}" if query else path, paths, queries),
        "method": methods,
        "headers": st.dictionaries(names, values, max_size=4),
        "body": st.binary(max_size=50),
    }
)
SIGNERS = [(SigV4Auth, "lambda"), (S3SigV4Auth, "s3"), (S3SigV4QueryAuth, "s3")]


@pytest.mark.parametrize(("signer", "service"), SIGNERS)
@given(request=requests, principal=st.sampled_from([None, ROLE]))
def test_what_botocore_signs_is_admitted_as_its_principal(
    signer: type[SigV4Auth], service: str, request: dict[str, Any], principal: str | None
) -> None:
    if request["path"].startswith("//"):  # a URL has no such header
        request["path"] = "/" + request["path"].lstrip("/")
    sent = sign(signer, service, principal, **request)
    assert sent.admitted() == (principal or REGISTRY.developer.principal)


@pytest.mark.parametrize(("signer", "service"), SIGNERS)
@given(request=requests, other=st.sampled_from(["method", "path", "query", "header", "signature", "body"]))
def test_what_was_changed_after_its_signature_is_refused(
    signer: type[SigV4Auth], service: str, request: dict[str, Any], other: str
) -> None:
    if request["path"].startswith("//"):
        request["path"] = "/" + request["path"].lstrip("/")
    request["headers"]["x-amz-meta-b"] = "signed"
    sent = sign(signer, service, **request)
    path, question, query = sent.target.partition("?")
    changed = {
        "method": lambda: replace(sent, method="PATCH"),
        "path": lambda: replace(sent, target=f"{path}x{question}{query}"),
        "query": lambda: replace(sent, target=f"{path}?{query}&acl=" if query else f"{path}?acl="),
        "header": lambda: sent.with_headers(x_amz_meta_b="other"),
        "signature": lambda: _resigned(sent),
        "body": lambda: replace(sent, body=sent.body + b"x"),
    }[other]()
    if other == "body" and signer is S3SigV4QueryAuth:
        return  # a presigned request has no payload hash
    assert refusal(changed) in (Reason.SIGNATURE, Reason.BODY)


def _resigned(sent: Sent) -> Sent:
    def other(text: str) -> str:
        return text[:-1] + ("0" if text[-1] != "0" else "1")

    if "authorization" in sent.headers:
        return sent.with_headers(authorization=other(sent.headers["authorization"]))
    return replace(sent, target=other(sent.target))


def test_a_key_of_another_start_and_the_old_fixed_ones_are_refused() -> None:
    other = Registry("123456789012").developer
    assert other.secret_key != REGISTRY.developer.secret_key
    for access_key in (other.access_key, "embedded", "test"):
        sent = sign(S3SigV4Auth, "s3")
        header = sent.headers["authorization"].replace(REGISTRY.developer.access_key, access_key)
        assert refusal(sent.with_headers(authorization=header)) is Reason.KEY


def test_temporary_credentials_need_their_session_token() -> None:
    sent = sign(SigV4Auth, "sts", ROLE)
    assert refusal(sent.with_headers(x_amz_security_token="other")) is Reason.TOKEN
    bare = replace(sent, headers={name: text for name, text in sent.headers.items() if "token" not in name})
    assert refusal(bare) is Reason.TOKEN


def test_a_request_of_another_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    signed, presigned = sign(S3SigV4Auth, "s3"), sign(S3SigV4QueryAuth, "s3", method="GET")
    for shift, reason, asked in ((901, Reason.TIME, None), (-901, Reason.TIME, Reason.TIME), (3601, Reason.TIME,
                                                                                          Reason.EXPIRED)):  # fmt: skip
        now = time.time() + shift
        monkeypatch.setattr("embedded.access.authentication.time.time", lambda now=now: now)
        assert refusal(signed) is reason
        if asked is None:
            assert presigned.admitted() == REGISTRY.developer.principal
        else:
            assert refusal(presigned) is asked
        monkeypatch.undo()


def test_headers_of_aws_that_are_not_signed_are_refused() -> None:
    assert refusal(sign(S3SigV4Auth, "s3").with_headers(x_amz_acl="public-read")) is Reason.HEADERS
    assert refusal(sign(S3SigV4QueryAuth, "s3").with_headers(x_amz_target="SageMaker.ListModels")) is Reason.HEADERS


def test_an_unsigned_body_is_for_s3_alone() -> None:
    stated = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert refusal(sign(SigV4Auth, "lambda", headers=stated, body=b"any")) is Reason.BODY
    assert sign(SigV4Auth, "s3", headers=stated, body=b"any").admitted()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic YTpi",
        "AWS4-HMAC-SHA256 Credential=a/b/c",
        "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260101/s3/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 " + "a" * 5000,
    ],
)
def test_a_header_that_is_no_signature_is_refused(header: str) -> None:
    assert refusal(sign(S3SigV4Auth, "s3").with_headers(authorization=header)) is Reason.MALFORMED


def test_a_request_without_a_signature_is_refused() -> None:
    sent = sign(S3SigV4Auth, "s3")
    del sent.headers["authorization"]
    assert refusal(sent) is Reason.UNSIGNED


@given(target=st.text(st.characters(min_codepoint=33, max_codepoint=255)).map(lambda text: f"/?{text}"),
       header=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=255)))  # fmt: skip
def test_hostile_input_is_refused_and_never_an_error(target: str, header: str | None) -> None:
    headers = {"host": f"127.0.0.1:{PORT}", "date": target}
    if header is not None:
        headers["authorization"] = header
    refusal(Sent("GET", f"{target}&X-Amz-Signature=x", headers, b""))
