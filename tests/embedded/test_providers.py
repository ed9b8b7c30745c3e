"""Deploying resources: what is created, what a second deployment changes, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.intrinsics import IntrinsicError
from embedded.providers import PROVIDERS
from embedded.providers.provider import DeployError
from tests.embedded.assemblies import ROLE, TRUST, Template, function, template, write_assembly
from tests.embedded.conftest import World

HANDLERS = {"handlers.py": "def handler(event, context):\n    return 1\n"}
OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": "123456789012"}}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def resource(kind: str, **properties: Any) -> Template:
    return {"Type": kind, "Properties": properties}


def all_kinds() -> Template:
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
                "Policies": [{"PolicyName": "inline", "PolicyDocument": POLICY}],
            },
        },
        "Policy": resource("AWS::IAM::Policy", PolicyName="more", PolicyDocument=POLICY, Roles=[{"Ref": "Role"}]),
        "Managed": resource("AWS::IAM::ManagedPolicy", PolicyDocument=POLICY, Roles=[{"Ref": "Role"}]),
        "Key": resource("AWS::KMS::Key", KeyPolicy=OPEN, EnableKeyRotation=True),
        "Alias": resource("AWS::KMS::Alias", AliasName="alias/mine", TargetKeyId={"Fn::GetAtt": ["Key", "Arn"]}),
        "Bucket": resource(
            "AWS::S3::Bucket",
            VersioningConfiguration={"Status": "Enabled"},
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}},
                        "BucketKeyEnabled": True,
                    }
                ]
            },
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            LifecycleConfiguration={
                "Rules": [
                    {
                        "Id": "old",
                        "Status": "Enabled",
                        "Prefix": "runs/",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}],
                    }
                ]
            },
            NotificationConfiguration={"EventBridgeConfiguration": {}},
        ),
        "BucketPolicy": resource("AWS::S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument=OPEN),
        "Table": resource(
            "AWS::DynamoDB::Table",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
        ),
        "Dead": resource("AWS::SQS::Queue", KmsMasterKeyId="alias/aws/sqs", MessageRetentionPeriod=1209600),
        "Queue": resource(
            "AWS::SQS::Queue",
            VisibilityTimeout=180,
            RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3},
        ),
        "QueuePolicy": resource("AWS::SQS::QueuePolicy", Queues=[{"Ref": "Queue"}], PolicyDocument=OPEN),
        "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId={"Ref": "Key"}, DisplayName="Notices"),
        "TopicPolicy": resource("AWS::SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=OPEN),
        "Mail": resource("AWS::SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="email", Endpoint="a@b.org"),
        "Logs": resource("AWS::Logs::LogGroup", RetentionInDays=30),
        "Errors": resource(
            "AWS::Logs::MetricFilter",
            LogGroupName={"Ref": "Logs"},
            FilterPattern="ERROR",
            MetricTransformations=[{"MetricName": "errors", "MetricNamespace": "Test", "MetricValue": "1"}],
        ),
        "Layer": resource(
            "AWS::Lambda::LayerVersion",
            Content={"S3Bucket": {"Fn::Sub": "assets-${AWS::AccountId}"}, "S3Key": "code.zip"},
            CompatibleRuntimes=["python3.13"],
        ),
        "Function": function("handlers.handler", Layers=[{"Ref": "Layer"}], TracingConfig={"Mode": "Active"}),
        "Allowed": resource(
            "AWS::Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName={"Fn::GetAtt": ["Function", "Arn"]},
            Principal="events.amazonaws.com",
        ),
        "Machine": resource(
            "AWS::StepFunctions::StateMachine",
            RoleArn={"Fn::GetAtt": ["Role", "Arn"]},
            DefinitionString='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
            LoggingConfiguration={
                "Level": "ALL",
                "IncludeExecutionData": False,
                "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Logs", "Arn"]}}}],
            },
            TracingConfiguration={"Enabled": True},
        ),
        "Alarm": resource(
            "AWS::CloudWatch::Alarm",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Dead", "QueueName"]}}],
            Period=60,
            Statistic="Maximum",
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmActions=[{"Ref": "Topic"}],
        ),
        "Dashboard": resource("AWS::CloudWatch::Dashboard", DashboardName="board", DashboardBody='{"widgets": []}'),
        "Parameter": resource("AWS::SSM::Parameter", Name="/test/value", Type="String", Value={"Ref": "Bucket"}),
        "Group": resource("AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="flights"),
        "Database": resource(
            "AWS::Glue::Database", CatalogId={"Ref": "AWS::AccountId"}, DatabaseInput={"Name": "lake"}
        ),
        "Rows": resource(
            "AWS::Glue::Table",
            CatalogId={"Ref": "AWS::AccountId"},
            DatabaseName={"Ref": "Database"},
            TableInput={
                "Name": "rows",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"projection.enabled": "true"},
                "PartitionKeys": [{"Name": "day", "Type": "date"}],
                "StorageDescriptor": {"Columns": [{"Name": "x", "Type": "double"}], "Location": "s3://lake/rows/"},
            },
        ),
        "Inline": resource("AWS::IAM::RolePolicy", PolicyName="alone", PolicyDocument=POLICY, RoleName={"Ref": "Role"}),
        "Delivery": resource("AWS::Logs::ResourcePolicy", PolicyName="delivery", PolicyDocument=json.dumps(POLICY)),
        "Nightly": resource("AWS::Scheduler::ScheduleGroup", Name="nightly"),
        "Metadata": resource("AWS::CDK::Metadata", Analytics="v2:x"),
    }


@pytest.fixture(scope="module")
def made(world: World) -> dict[str, Any]:
    resources = all_kinds()
    return world.deploy("All", {**template(resources), "Outputs": _outputs(resources)}, HANDLERS)


def _outputs(resources: Template) -> Template:
    return {name: {"Value": {"Ref": name}} for name in resources if name != "Metadata"}


def test_each_type_is_deployed_by_some_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py"))
    assert [kind for kind in PROVIDERS if f'"{kind}"' not in tests] == []


def test_policies_of_roles_and_logs_and_groups_of_schedules_are_made(world: World, made: dict[str, Any]) -> None:
    iam, logs, scheduler = world.client("iam"), world.client("logs"), world.client("scheduler")
    assert iam.get_role_policy(RoleName=made["Role"], PolicyName="alone")["PolicyDocument"] == POLICY
    (policy,) = logs.describe_resource_policies()["resourcePolicies"]
    assert (policy["policyName"], json.loads(policy["policyDocument"])) == (made["Delivery"], POLICY)
    assert scheduler.get_schedule_group(Name=made["Nightly"])["State"] == "ACTIVE"


def test_buckets_are_versioned_encrypted_and_closed(world: World, made: dict[str, Any]) -> None:
    s3, bucket = world.client("s3"), {"Bucket": made["Bucket"]}
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": made["Key"]}
    assert all(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values())
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    assert lifecycle["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert json.loads(s3.get_bucket_policy(**bucket)["Policy"]) == OPEN


def test_tables_keep_their_history_and_forget_what_expires(world: World, made: dict[str, Any]) -> None:
    dynamodb = world.client("dynamodb")
    backups = dynamodb.describe_continuous_backups(TableName=made["Table"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    living = dynamodb.describe_time_to_live(TableName=made["Table"])["TimeToLiveDescription"]
    assert living == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_queues_have_their_timeout_dead_letter_queue_and_policy(world: World, made: dict[str, Any]) -> None:
    attributes = world.client("sqs").get_queue_attributes(QueueUrl=made["Queue"], AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "180"
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 3
    assert json.loads(attributes["Policy"]) == OPEN


def test_everything_else_is_found_by_the_services_own_calls(world: World, made: dict[str, Any]) -> None:
    assert world.client("ssm").get_parameter(Name="/test/value")["Parameter"]["Value"] == made["Bucket"]
    assert world.client("kms").describe_key(KeyId="alias/mine")["KeyMetadata"]["KeyId"] == made["Key"]
    topic = world.client("sns").get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
    assert (topic["DisplayName"], json.loads(topic["Policy"])) == ("Notices", OPEN)
    (alarm,) = world.client("cloudwatch").describe_alarms(AlarmNames=[made["Alarm"]])["MetricAlarms"]
    assert alarm["AlarmActions"] == [made["Topic"]]
    assert world.client("cloudwatch").get_dashboard(DashboardName="board")["DashboardBody"] == '{"widgets": []}'
    (filtered,) = world.client("logs").describe_metric_filters(logGroupName=made["Logs"])["metricFilters"]
    assert filtered["filterPattern"] == "ERROR"
    machine = world.client("stepfunctions").describe_state_machine(stateMachineArn=made["Machine"])
    assert json.loads(machine["definition"])["StartAt"] == "A"
    assert world.client("iam").list_role_policies(RoleName=made["Role"])["PolicyNames"] == ["inline", "more", "alone"]
    policy = json.loads(world.client("lambda").get_policy(FunctionName=made["Function"])["Policy"])
    assert policy["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    rows = world.client("glue").get_table(DatabaseName=made["Database"], Name=made["Rows"])["Table"]
    assert rows["Parameters"] == {"projection.enabled": "true"}
    group = world.client("sagemaker").describe_model_package_group(ModelPackageGroupName="flights")
    assert group["ModelPackageGroupArn"] == made["Group"]


def test_a_second_deployment_of_the_same_assembly_changes_nothing(world: World, made: dict[str, Any]) -> None:
    key = {"Bucket": made["Bucket"], "Key": "kept"}
    world.client("s3").put_object(**key, Body=b"x")
    modified = world.client("lambda").get_function_configuration(FunctionName=made["Function"])["LastModified"]
    assert world.deploy("All", {**template(all_kinds()), "Outputs": _outputs(all_kinds())}) == made
    assert world.client("s3").get_object(**key)["Body"].read() == b"x"
    again = world.client("lambda").get_function_configuration(FunctionName=made["Function"])["LastModified"]
    assert again == modified


def test_what_can_change_is_changed_in_place(world: World) -> None:
    first: Template = {
        "Role": ROLE,
        "Value": resource("AWS::SSM::Parameter", Name="/changing", Type="String", Value="one"),
        "Machine": resource(
            "AWS::StepFunctions::StateMachine",
            RoleArn={"Fn::GetAtt": ["Role", "Arn"]},
            DefinitionString='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
        ),
        "Rule": resource("AWS::Events::Rule", EventPattern={"source": ["a"]}, Targets=[]),
        "Queue": resource("AWS::SQS::Queue", VisibilityTimeout=30),
        "Gone": resource("AWS::SSM::Parameter", Name="/gone", Type="String", Value="x"),
    }
    before = world.deploy("Changing", template(first))
    second: Template = json.loads(json.dumps(first))
    del second["Gone"]
    second["Value"]["Properties"]["Value"] = "two"
    second["Machine"]["Properties"]["DefinitionString"] = first["Machine"]["Properties"]["DefinitionString"].replace(
        '"A"', '"B"'
    )
    second["Rule"]["Properties"]["Targets"] = [{"Id": "T", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]
    second["Queue"]["Properties"]["VisibilityTimeout"] = 60
    second["New"] = resource("AWS::SSM::Parameter", Name="/new", Type="String", Value="new")
    after = world.deploy("Changing", template(second))
    assert after["Machine"] == before["Machine"]
    ssm = world.client("ssm")
    assert ssm.get_parameter(Name="/changing")["Parameter"]["Value"] == "two"
    assert ssm.get_parameter(Name="/new")["Parameter"]["Value"] == "new"
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/gone")
    machine = world.client("stepfunctions").describe_state_machine(stateMachineArn=after["Machine"])
    assert json.loads(machine["definition"])["StartAt"] == "B"
    (target,) = world.client("events").list_targets_by_rule(Rule=after["Rule"])["Targets"]
    assert target["Arn"].endswith(after["Queue"].rsplit("/", 1)[1])


def test_stacks_pass_values_by_exports(world: World) -> None:
    data = {
        "Resources": {"Queue": resource("AWS::SQS::Queue")},
        "Outputs": {"Out": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "Data:Queue"}}},
    }
    world.deploy("Exporting", data)
    parameter = resource("AWS::SSM::Parameter", Name="/in", Type="String", Value={"Fn::ImportValue": "Data:Queue"})
    world.deploy("Importing", template({"Parameter": parameter}))
    assert ":sqs:" in world.client("ssm").get_parameter(Name="/in")["Parameter"]["Value"]


def test_assemblies_of_two_directories_stand_beside_each_other(world: World, tmp_path: Path) -> None:
    def parameter(name: str) -> Template:
        return template({"It": resource("AWS::SSM::Parameter", Name=name, Type="String", Value="1")})

    world.deploy("Mine", parameter("/mine"))
    world.cloud.deploy(write_assembly(tmp_path / "yours", {"Yours": parameter("/yours"), "More": parameter("/more")}))
    ssm, names = world.client("ssm"), {"/mine", "/yours", "/more"}
    assert {found["Name"] for found in ssm.get_parameters(Names=sorted(names))["Parameters"]} == names
    world.cloud.deploy(write_assembly(tmp_path / "yours", {"Yours": parameter("/yours")}))
    assert {found["Name"] for found in ssm.get_parameters(Names=sorted(names))["Parameters"]} == names - {"/more"}


def test_conditions_choose_resources(world: World) -> None:
    resources = {
        "Here": {**resource("AWS::SSM::Parameter", Name="/here", Type="String", Value="1"), "Condition": "Yes"},
        "There": {**resource("AWS::SSM::Parameter", Name="/there", Type="String", Value="1"), "Condition": "No"},
    }
    conditions = {"Yes": {"Fn::Equals": [1, 1]}, "No": {"Fn::Equals": [1, 2]}}
    world.deploy("Conditional", {"Resources": resources, "Conditions": conditions})
    assert world.client("ssm").get_parameter(Name="/here")
    with pytest.raises(ClientError):
        world.client("ssm").get_parameter(Name="/there")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (resource("AWS::EC2::Instance"), r"Bad: It \(AWS::EC2::Instance\): the resource type is not known"),
        (resource("AWS::SQS::Queue", Colour="red"), r"It \(AWS::SQS::Queue\): the property Colour is not supported"),
        (
            resource("AWS::S3::Bucket", NotificationConfiguration={"LambdaConfigurations": []}),
            "the property NotificationConfiguration.LambdaConfigurations is not supported",
        ),
        (
            resource("AWS::DynamoDB::Table", StreamSpecification={"StreamViewType": "NEW_IMAGE"}),
            "the property StreamSpecification is not supported",
        ),
        (
            resource(
                "AWS::Events::Rule",
                ScheduleExpression="rate(1 hour)",
                Targets=[{"Id": "T", "Arn": "arn:aws:ecs:x:y:z"}],
            ),
            "target: the embedded cloud delivers to",
        ),
        (resource("AWS::Events::Rule", ScheduleExpression="hourly"), "ScheduleExpression: 'hourly'"),
        (
            resource("AWS::SNS::Subscription", TopicArn="arn:aws:sns:us-east-1:123456789012:x", Protocol="sms"),
            "Protocol 'sms' is not supported",
        ),
        (resource("AWS::SSM::Parameter", Name="/x", Value="1"), "the property 'Type' is missing"),
    ],
)
def test_what_is_not_supported_is_an_error_naming_stack_resource_type_and_property(
    world: World, body: Template, message: str
) -> None:
    with pytest.raises(DeployError, match=message):
        world.deploy("Bad", template({"It": body}))
    world.forget("Bad")


def test_a_change_that_needs_a_new_resource_says_so_and_what_to_do(world: World) -> None:
    def table(key: str) -> Template:
        return resource(
            "AWS::DynamoDB::Table",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    world.deploy("Fixed", template({"Table": table("a")}))
    with pytest.raises(DeployError, match=r"Table .*KeySchema cannot be changed in place; run `perennial down`"):
        world.deploy("Fixed", template({"Table": table("b")}))
    world.deploy("Fixed", template({"Table": table("a")}))


def test_resources_that_refer_to_each_other_in_a_circle_are_refused(world: World) -> None:
    circle = {
        "A": resource("AWS::SSM::Parameter", Name={"Ref": "B"}, Type="String", Value="1"),
        "B": resource("AWS::SSM::Parameter", Name={"Ref": "A"}, Type="String", Value="1"),
    }
    with pytest.raises(DeployError, match=r"circle: (A -> B -> A|B -> A -> B)"):
        world.deploy("Circle", template(circle))
    world.forget("Circle")


def test_a_reference_to_nothing_names_the_stack(world: World) -> None:
    with pytest.raises(IntrinsicError, match="Dangling: Ref to 'Nothing'"):
        world.deploy("Dangling", template({"A": resource("AWS::SSM::Parameter", Value={"Ref": "Nothing"})}))
    world.forget("Dangling")


@pytest.mark.parametrize("kind", sorted(PROVIDERS))
def test_every_provider_gives_a_reason_for_what_it_ignores(kind: str) -> None:
    provider = PROVIDERS[kind]
    assert not provider.honoured & provider.ignored.keys()
    assert all(len(reason) > 5 for reason in provider.ignored.values())
    assert {path.split(".")[0].split("[")[0] for path in provider.updatable} <= {
        path.split(".")[0].split("[")[0] for path in provider.honoured
    }


def test_a_resource_that_leaves_its_stack_is_deleted_unless_it_is_to_be_retained(world: World) -> None:
    table = resource(
        "AWS::DynamoDB::Table",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    kept = {**resource("AWS::S3::Bucket"), "DeletionPolicy": "Retain"}
    topic = resource("AWS::SNS::Topic")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
    policy = resource(
        "AWS::SNS::TopicPolicy",
        Topics=[{"Ref": "Topic"}],
        PolicyDocument={"Version": "2012-10-17", "Statement": [statement]},
    )
    queue = resource("AWS::SQS::Queue", QueueName="leaves")
    both = {"Gone": resource("AWS::S3::Bucket"), "Kept": kept, "Queue": queue, "Key": resource("AWS::KMS::Key")}
    made = world.deploy("Leaves", template(both | {"Table": table, "Topic": topic, "Policy": policy}))
    world.deploy("Leaves", template({"Topic": topic}))
    buckets = {bucket["Name"] for bucket in world.client("s3").list_buckets()["Buckets"]}
    assert made["Kept"] in buckets
    assert made["Gone"] not in buckets
    assert made["Table"] not in world.client("dynamodb").list_tables()["TableNames"]
    assert "QueueUrls" not in world.client("sqs").list_queues(QueueNamePrefix="leaves")
    key = world.client("kms").describe_key(KeyId=made["Key"])["KeyMetadata"]
    assert key["KeyState"] == "PendingDeletion"
    left = world.client("sns").get_topic_attributes(TopicArn=made["Topic"])["Attributes"]["Policy"]
    assert '"Principal": "*"' not in left
    world.deploy("Leaves", template({}))
    assert made["Topic"] not in {one["TopicArn"] for one in world.client("sns").list_topics()["Topics"]}


def test_a_managed_policy_is_changed_more_often_than_iam_keeps_versions_and_leaves_its_stack(world: World) -> None:
    role = resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, RoleName="grows")
    iam = world.client("iam")

    def policy(action: str) -> Template:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return resource("AWS::IAM::ManagedPolicy", PolicyDocument=document, Roles=[{"Ref": "Role"}])

    for number in range(7):
        world.deploy("Grows", template({"Role": role, "More": policy(f"s3:Get{number}")}))
    (attached,) = iam.list_attached_role_policies(RoleName="grows")["AttachedPolicies"]
    arn = attached["PolicyArn"]
    default = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]
    assert version["Document"]["Statement"][0]["Action"] == "s3:Get6"
    world.deploy("Grows", template({"Role": role}))
    assert iam.list_attached_role_policies(RoleName="grows")["AttachedPolicies"] == []
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_policy(PolicyArn=arn)


def test_a_bucket_with_objects_does_not_leave_its_stack(world: World) -> None:
    made = world.deploy("Full", template({"Bucket": resource("AWS::S3::Bucket")}))
    world.client("s3").put_object(Bucket=made["Bucket"], Key="k", Body=b"x")
    with pytest.raises(DeployError, match=r"it cannot be removed: .*BucketNotEmpty"):
        world.deploy("Full", template({}))
    world.client("s3").delete_object(Bucket=made["Bucket"], Key="k")
    world.deploy("Full", template({}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PartitionKeys": [{"Name": "X", "Type": "date"}]}, "the column 'x' is there twice"),
        ({"Name": "Rows"}, "the name 'Rows' has capital letters"),
    ],
)
def test_tables_that_athena_could_not_query_are_refused(world: World, changes: Template, reason: str) -> None:
    table = all_kinds()["Rows"]["Properties"]["TableInput"] | changes
    given = {"CatalogId": "123456789012", "DatabaseName": "lake", "TableInput": table}
    with pytest.raises(DeployError, match=reason):
        world.deploy("Refused", template({"Rows": resource("AWS::Glue::Table", **given)}))
    world.forget("Refused")
