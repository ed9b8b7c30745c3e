"""CloudFormation's intrinsic functions."""

from typing import Any

import pytest

from embedded.intrinsics import IntrinsicError, Scope, condition, references, resolve

SCOPE = Scope(
    stack="Stack",
    refs={"Bucket": "bucket-1", "Count": 3, "List": ["a", "b"]},
    attributes={"Bucket": {"Arn": "arn:aws:s3:::bucket-1"}},
    mappings={"Sizes": {"us-east-1": {"small": "ml.m5.large"}}},
    conditions={
        "Yes": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
    },
    exports={"Data:Bucket": "bucket-9"},
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Bucket"}, "bucket-1"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "AWS::StackName"}, "Stack"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::bucket-1"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::bucket-1"),
        ({"Fn::Join": [":", ["a", {"Ref": "Bucket"}, {"Ref": "Count"}]]}, "a:bucket-1:3"),
        ({"Fn::Sub": "${Bucket} in ${AWS::Region}, ${Bucket.Arn}"}, "bucket-1 in us-east-1, arn:aws:s3:::bucket-1"),
        ({"Fn::Sub": ["${x}/${!literal}", {"x": {"Ref": "Bucket"}}]}, "bucket-1/${literal}"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::Select": ["0", {"Ref": "List"}]}, "a"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, "ml.m5.large"),
        ({"Fn::ImportValue": "Data:Bucket"}, "bucket-9"),
        ({"Fn::If": ["Yes", "then", "else"]}, "then"),
        ({"Fn::If": ["No", {"Ref": "Nothing"}, "else"]}, "else"),
        ({"a": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"Fn::Base64": "hi"}, "aGk="),
        (
            {"Condition": {"StringEquals": {"aws:x": {"Ref": "Bucket"}}}},
            {"Condition": {"StringEquals": {"aws:x": "bucket-1"}}},
        ),
    ],
)
def test_each_function_gives_what_cloudformation_gives(value: Any, expected: Any) -> None:
    assert resolve(value, SCOPE) == expected


def test_conditions_combine() -> None:
    assert [condition(name, SCOPE) for name in ("Yes", "No", "Both", "Either")] == [True, False, False, True]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nothing"}, "Stack: Ref to 'Nothing'"),
        ({"Fn::GetAtt": ["Bucket", "Colour"]}, "Bucket has no attribute 'Colour' here; known: Arn"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "the function Fn::Transform is not known"),
        ({"Fn::ImportValue": "Other"}, "no stack deployed before it exports 'Other'"),
        ({"Fn::If": ["Maybe", 1, 2]}, "the condition 'Maybe' is not defined"),
        ({"Fn::Select": [5, ["a"]]}, "item 5 of 1"),
        ({"Fn::FindInMap": ["Sizes", "eu", "small"]}, "mapping Sizes"),
    ],
)
def test_what_cannot_be_resolved_is_an_error_that_names_it(value: Any, message: str) -> None:
    with pytest.raises(IntrinsicError, match=message):
        resolve(value, SCOPE)


def test_references_are_found_in_every_function() -> None:
    value = {
        "a": {"Ref": "A"},
        "b": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": ["${C.Arn} ${x} ${!D}", {"x": {"Ref": "E"}}]}],
    }
    assert set(references(value)) == {"A", "B", "C", "E"}
