"""The deployed resources: retained, private, small, and with least privilege."""

import ast
import json
from pathlib import Path
from typing import Any

from perennial import layout
from perennial.environment import Environment
from perennial.spec import load_all
from stacks.assembly import Template, of_type
from stacks.settings import CODE as ROOT

Resources = dict[str, dict[str, Any]]
# Actions without resource types, so that only "*" is possible.
WITHOUT_RESOURCES = {
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListModels",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
UNZIPPED_LIMIT = 240 << 20  # bytes; Lambda's own is 250 MiB


def of(resources: Resources, kind: str) -> Resources:
    return {id: found for id, found in resources.items() if found["Type"] == kind}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(resources: Resources) -> list[tuple[str, dict[str, Any]]]:
    """The permissions of our roles, by the policy's logical id."""
    policies = of(resources, "AWS::IAM::Policy")
    return [(id, s) for id, p in policies.items() for s in p["Properties"]["PolicyDocument"]["Statement"]]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def asset(assembly: Path, key: str) -> Path:
    return assembly / f"asset.{key.removesuffix('.zip')}"


# -- what is kept ------------------------------------------------------------------------------------------------------


STATELESS = ("AWS::S3::BucketPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy")  # the reconciler finds lost messages


def test_what_holds_state_keeps_its_logical_id(data: Template) -> None:
    """Another id would be another resource: an empty one."""
    stateful = {id for id, found in data["Resources"].items() if found["Type"] not in STATELESS}
    assert stateful == {
        "DataAccessLogsC0C25EE4",
        "DataBucket19B4DDF2",
        "DataModelsBucketE4DBC878",
        "DataTrafficBucketD8F7DF36",
        "DataLedgerTableD81DBB15",
        "DataSigningKey6AF8DE44",
    }


def test_what_holds_state_outlives_its_stack(data: Template) -> None:
    for id, found in data["Resources"].items():
        if found["Type"] not in STATELESS:
            assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Retain", "Retain"), id


def test_the_ledger_can_be_wound_back_and_forgets_what_expires(data: Template) -> None:
    (ledger,) = of_type(data, "AWS::DynamoDB::Table").values()
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert [key["AttributeName"] for key in ledger["KeySchema"]] == ["pk", "sk"]
    assert ledger["DeletionProtectionEnabled"] is True


def test_buckets_are_encrypted_and_closed(data: Template) -> None:
    for id, bucket in of_type(data, "AWS::S3::Bucket").items():
        assert bucket["BucketEncryption"], id
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, id
        assert bucket["LifecycleConfiguration"]["Rules"], id


def test_buckets_are_versioned_and_their_accesses_logged(data: Template) -> None:
    for id, bucket in of_type(data, "AWS::S3::Bucket").items():
        if "AccessLogs" not in id:
            assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, id
            assert bucket["LoggingConfiguration"], id


def test_no_version_of_an_upload_expires(data: Template) -> None:
    bucket = of_type(data, "AWS::S3::Bucket")["DataBucket19B4DDF2"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {rule.get("Prefix") for rule in rules if "Expiration" in json.dumps(rule)} == {"scratch/"}


def test_buckets_take_tls_only(data: Template) -> None:
    for id, policy in of_type(data, "AWS::S3::BucketPolicy").items():
        denied = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert any(s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in denied), id


def test_uploads_are_announced_without_a_custom_resource(data: Template, resources: Resources) -> None:
    buckets = of_type(data, "AWS::S3::Bucket")
    announced = [id for id, bucket in buckets.items() if "NotificationConfiguration" in bucket]
    assert announced == ["DataBucket19B4DDF2"]
    notification = buckets["DataBucket19B4DDF2"]["NotificationConfiguration"]
    (queue,) = notification.pop("QueueConfigurations")
    assert notification == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}, "for labels"
    assert queue["Event"] == "s3:ObjectCreated:*"
    assert queue["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "incoming/"}]
    kinds = {found["Type"] for found in resources.values()}
    assert not [kind for kind in kinds if kind.startswith("Custom::") or kind.endswith("CustomResource")]


def test_s3_may_send_to_the_queue_before_the_bucket_names_it(data: Template) -> None:
    """S3 verifies it when the bucket is made; a policy that named the bucket would have to come after it."""
    (id,) = [id for id, policy in of_type(data, "AWS::SQS::QueuePolicy").items() if "s3.amazonaws.com" in str(policy)]
    statements = of_type(data, "AWS::SQS::QueuePolicy")[id]["PolicyDocument"]["Statement"]
    (allowed,) = [one for one in statements if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert id in data["Resources"]["DataBucket19B4DDF2"]["DependsOn"]


def test_messages_of_uploads_that_fail_are_kept_and_reach_people(data: Template, platform: Template) -> None:
    queues = of_type(data, "AWS::SQS::Queue")
    assert sorted("RedrivePolicy" in queue for queue in queues.values()) == [False, True]
    alarms = [alarm["AlarmDescription"] for alarm in of_type(platform, "AWS::CloudWatch::Alarm").values()]
    assert "Uploads are in a dead-letter queue" in alarms


# -- functions ---------------------------------------------------------------------------------------------------------


def test_every_handler_is_a_function_in_the_tree(platform: Template) -> None:
    for function in of_type(platform, "AWS::Lambda::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        path = ROOT / f"{module.replace('.', '/')}.py"
        assert path.exists(), function["Handler"]
        names = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        assert name in names, function["Handler"]


def test_all_functions_share_one_asset_and_one_layer(platform: Template) -> None:
    found = of_type(platform, "AWS::Lambda::Function").values()
    assert len({json.dumps(function["Code"], sort_keys=True) for function in found}) == 1
    assert len({json.dumps(function["Layers"], sort_keys=True) for function in found}) == 1


def test_functions_run_on_arm_with_tracing_and_a_log_group_of_their_own(platform: Template) -> None:
    groups = of_type(platform, "AWS::Logs::LogGroup")
    for id, function in of_type(platform, "AWS::Lambda::Function").items():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"]), id
        assert function["TracingConfig"] == {"Mode": "Active"}, id
        assert groups[function["LoggingConfig"]["LogGroup"]["Ref"]]["RetentionInDays"] == 90, id
        variables = function["Environment"]["Variables"]
        assert (variables["PERENNIAL_ENVIRONMENT"], variables["POWERTOOLS_METRICS_NAMESPACE"]) == (
            "perennial",
            "Perennial",
        ), id


def test_functions_that_events_call_keep_what_they_could_not_do(platform: Template) -> None:
    found = of_type(platform, "AWS::Lambda::Function")
    called = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in of_type(platform, "AWS::Events::Rule").values()
        for target in rule["Targets"]
        if target["Arn"]["Fn::GetAtt"][0] in found
    }
    schedules = of_type(platform, "AWS::Scheduler::Schedule").values()
    called |= {schedule["Target"]["Arn"]["Fn::GetAtt"][0] for schedule in schedules}
    assert len(called) == 6
    assert all("DeadLetterConfig" in found[id] for id in called)


def test_code_and_layer_fit_into_lambda(assembly: Path, platform: Template) -> None:
    code = next(iter(of_type(platform, "AWS::Lambda::Function").values()))["Code"]["S3Key"]
    layer = next(iter(of_type(platform, "AWS::Lambda::LayerVersion").values()))["Content"]["S3Key"]
    assert size(asset(assembly, code)) + size(asset(assembly, layer)) < UNZIPPED_LIMIT


def test_the_asset_holds_the_handlers_and_what_they_import_and_nothing_else(assembly: Path, platform: Template) -> None:
    code = asset(assembly, next(iter(of_type(platform, "AWS::Lambda::Function").values()))["Code"]["S3Key"])
    assert {path.name for path in code.iterdir()} == {
        "functions", "perennial", "cloud", "awsrules", "models", "training",
    }  # fmt: skip
    assert [path.name for path in (code / "training").iterdir()] == ["mlflow_loader.py"]  # for exported models
    assert not [path for path in code.rglob("*") if path.name == "__pycache__" or path.suffix == ".pyc"]
    assert (code / "models" / "flights.yaml").exists()


def test_the_layer_leaves_out_what_the_runtime_has(assembly: Path, platform: Template) -> None:
    layer = asset(assembly, next(iter(of_type(platform, "AWS::Lambda::LayerVersion").values()))["Content"]["S3Key"])
    names = {path.name for path in (layer / "python").iterdir()}
    assert {"polars", "isal", "pydantic", "yaml", "aws_lambda_powertools"} <= names
    assert not names & {"boto3", "botocore", "jmespath", "aws_xray_sdk", "bin", "__pycache__"}


def test_the_layer_is_built_for_the_functions_platform(assembly: Path, platform: Template) -> None:
    layer = asset(assembly, next(iter(of_type(platform, "AWS::Lambda::LayerVersion").values()))["Content"]["S3Key"])
    machines = {path.name: path.read_bytes()[18:20] for path in layer.rglob("*.so*")}  # e_machine of the ELF header
    assert machines
    assert set(machines.values()) == {b"\xb7\x00"}, machines  # AArch64


# -- rights ------------------------------------------------------------------------------------------------------------


def test_no_action_is_a_whole_service(resources: Resources) -> None:
    for id, statement in statements(resources):
        wild = [action for action in listed(statement["Action"]) if "*" in action]
        assert set(wild) <= {"kms:GenerateDataKey*"}, id


def test_a_bare_star_stands_only_where_an_action_knows_no_resources(resources: Resources) -> None:
    for id, statement in statements(resources):
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= WITHOUT_RESOURCES, id


def test_one_function_alone_may_delete_data_and_neither_specs_nor_receipts(resources: Resources) -> None:
    deleting = [
        (id, s) for id, s in statements(resources) if any(a.startswith("s3:Delete") for a in listed(s["Action"]))
    ]
    assert {id.split("RoleDefault")[0] for id, _ in deleting} == {"FunctionsForget"}
    for _, statement in deleting:
        deletes = [action for action in listed(statement["Action"]) if action.startswith("s3:Delete")]
        assert deletes == ["s3:DeleteObjectVersion"]
        keys = json.dumps(statement["Resource"])
        assert not any(folder in keys for folder in ("specs/", "sources/", "receipts/"))


def test_each_key_signs_for_one_function_alone(resources: Resources) -> None:
    signing = [
        (id.split("RoleDefault")[0], json.dumps(s["Resource"]))
        for id, s in statements(resources)
        if "kms:Sign" in listed(s["Action"])
    ]
    assert sorted(function for function, _ in signing) == ["FunctionsForget", "FunctionsRegister"]
    assert {("DataSigningKey" in key, function) for function, key in signing} == {
        (False, "FunctionsForget"),
        (True, "FunctionsRegister"),
    }


def test_who_registers_models_alone_may_sign_them_and_writes_where_nobody_else_does(resources: Resources) -> None:
    """The two halves of the promise: no other role signs, and none but the deletion touches registered archives."""
    writing = {
        id.split("RoleDefault")[0]
        for id, s in statements(resources)
        if "s3:PutObject" in listed(s["Action"]) and "versions/" in json.dumps(s["Resource"])
    }
    assert writing == {"FunctionsRegister"}


def test_roles_are_passed_to_sagemaker_alone(resources: Resources) -> None:
    passing = [(id, s) for id, s in statements(resources) if "iam:PassRole" in listed(s["Action"])]
    assert len(passing) == 3  # the machine for training; shadow and release for serving
    for _, statement in passing:
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_who_writes_reports_writes_nothing_else(platform: Template) -> None:
    (report,) = [f for f in of_type(platform, "AWS::Lambda::Function").values() if ".reporting." in f["Handler"]]
    role = {"Ref": report["Role"]["Fn::GetAtt"][0]}
    granted = [
        statement
        for policy in of_type(platform, "AWS::IAM::Policy").values()
        if role in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert not [s for s in granted if {"dynamodb:PutItem", "dynamodb:UpdateItem"} & set(listed(s["Action"]))]
    written = [r for s in granted if "s3:PutObject" in listed(s["Action"]) for r in listed(s["Resource"])]
    assert len(written) == 1
    assert "/reports/*" in json.dumps(written)


def test_only_dispatch_and_the_reconciler_start_runs(resources: Resources) -> None:
    starting = {
        id
        for id, s in statements(resources)
        if "states:StartExecution" in listed(s["Action"]) and not id.startswith("WorkflowLoop")
    }
    assert sorted(id.split("RoleDefault")[0] for id in starting) == ["FunctionsDispatch", "FunctionsReconcile"]


def test_no_role_has_a_managed_policy(resources: Resources) -> None:
    for id, role in of(resources, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role["Properties"], id


def test_a_function_has_the_address_of_what_it_may_use(platform: Template) -> None:
    """A grant gives permission and address together: a bucket in a policy is a bucket in the environment."""
    policies = of_type(platform, "AWS::IAM::Policy").values()
    for id, function in of_type(platform, "AWS::Lambda::Function").items():
        role = {"Ref": function["Role"]["Fn::GetAtt"][0]}
        granted = json.dumps([policy for policy in policies if role in policy["Roles"]])
        addressed = json.dumps(function["Environment"]["Variables"])
        for export, variable in (
            ("GetAttDataBucket", "PERENNIAL_DATA_BUCKET"),
            ("GetAttDataModelsBucket", "PERENNIAL_MODELS_BUCKET"),
            ("GetAttDataTrafficBucket", "PERENNIAL_TRAFFIC_BUCKET"),
            ("GetAttDataLedgerTable", "PERENNIAL_LEDGER_TABLE"),
        ):
            assert export not in granted or variable in addressed, (id, variable)


# -- notifications ----------------------------------------------------------------------------------------------------


def test_alarms_reach_people_through_a_key_of_our_own(platform: Template) -> None:
    (topic,) = of_type(platform, "AWS::SNS::Topic").values()
    (key,) = [key for id, key in of_type(platform, "AWS::KMS::Key").items() if id.startswith("Notices")]
    (policy,) = of_type(platform, "AWS::SNS::TopicPolicy").values()
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    assert topic["KmsMasterKeyId"]
    assert key["EnableKeyRotation"] is True
    assert [s for s in key["KeyPolicy"]["Statement"] if s["Principal"] == alarms]
    assert [s for s in policy["PolicyDocument"]["Statement"] if s["Principal"] == alarms and s["Effect"] == "Allow"]
    for id, alarm in of_type(platform, "AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"], id


def test_what_the_servers_log_says_is_counted_by_model_version(platform: Template) -> None:
    filters = [f for f in of_type(platform, "AWS::Logs::MetricFilter").values() if "flights" in json.dumps(f)]
    counted = {}
    for found in filters:
        (transformation,) = found["MetricTransformations"]  # CloudWatch takes one per filter
        assert transformation["MetricNamespace"] == Environment().serving_metrics
        assert transformation["Dimensions"] == [{"Key": "Model", "Value": "$.model"}]
        counted[transformation["MetricName"]] = transformation["MetricValue"]
    assert set(counted) == {"Requests", "Failures", "Rows", "Invalid", "ScoreSum", "ScoreCount", "Milliseconds"}
    assert counted["Invalid"] == "$.invalid"


def test_an_endpoints_log_is_kept_as_long_as_all_others(platform: Template) -> None:
    groups = {g.get("LogGroupName"): g for g in of_type(platform, "AWS::Logs::LogGroup").values()}
    assert groups[Environment().endpoint_log("flights")]["RetentionInDays"] == 90


def test_a_release_may_put_the_models_alarms_and_no_others(resources: Resources) -> None:
    found = [(id, s) for id, s in statements(resources) if "cloudwatch:PutMetricAlarm" in listed(s["Action"])]
    kinds = {Environment().alarm("*", kind) for kind in layout.ALARMS}
    for id, statement in found:
        names = {
            json.dumps(resource).rpartition(":alarm:")[2].rstrip('"]}') for resource in listed(statement["Resource"])
        }
        scaling = {"TargetTracking-endpoint/perennial-*"}
        assert names in (kinds, scaling), id
    assert sorted(id.split("RoleDefault")[0] for id, _ in found) == [
        "FunctionsFinishRelease", "FunctionsRollback", "FunctionsStartDeployment",
    ]  # fmt: skip


def test_the_parameter_says_where_everything_is(platform: Template) -> None:
    found = {found["Name"]: found for found in of_type(platform, "AWS::SSM::Parameter").values()}
    assert sorted(found) == ["/perennial/models/1", "/perennial/platform"]
    assert json.loads(found["/perennial/models/1"]["Value"]) == ["airtime", "flights"]
    parameter = found["/perennial/platform"]
    text = json.dumps(parameter["Value"])
    for name in ("data_bucket", "models_bucket", "traffic_bucket", "ledger_table", "state_machine", "notices_topic"):
        assert f'{name}\\\\\\":' in text or f'\\"{name}\\"' in text, name


def test_every_model_has_schedules_of_its_own_with_a_window_and_a_dead_letter_queue(platform: Template) -> None:
    specs = load_all(ROOT / "models")
    found = of_type(platform, "AWS::Scheduler::Schedule").values()
    told = sorted((each["Target"]["Input"], each["ScheduleExpression"]) for each in found)
    weekly = ("{}", "cron(0 7 ? * MON *)")
    assert told == sorted(
        [
            weekly,
            *(
                (json.dumps({"model": name}), rate)
                for name, spec in specs.items()
                for rate in ("rate(1 hour)", f"rate({spec.monitoring.every_hours} hours)")
            ),
        ]
    )
    for each in found:
        assert each["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
        assert each["Target"]["DeadLetterConfig"]["Arn"]


def test_the_tables_of_every_model_are_in_the_catalogue_without_a_crawler(platform: Template) -> None:
    found = {each["TableInput"]["Name"]: each["TableInput"] for each in of_type(platform, "AWS::Glue::Table").values()}
    assert set(found) == {
        f"{name}_{kind}" for name in load_all(ROOT / "models") for kind in ("requests", "unreadable", "truth")
    }
    assert not of_type(platform, "AWS::Glue::Crawler")
    columns = {column["Name"]: column["Type"] for column in found["flights_requests"]["StorageDescriptor"]["Columns"]}
    wanted = {"_at": "timestamp", "_row": "bigint", "time_hour": "timestamp", "temp": "double", "_answer": "boolean"}
    assert {name: columns[name] for name in wanted} == wanted
    assert "late" not in columns  # the target
    for table in found.values():
        assert table["Parameters"]["projection.enabled"] == "true"
        assert [key["Name"] for key in table["PartitionKeys"]] == ["_day"]


def test_labels_go_by_a_queue_with_a_dead_letter_queue(platform: Template) -> None:
    prefixes = {
        key["prefix"]
        for rule in of_type(platform, "AWS::Events::Rule").values()
        for key in rule.get("EventPattern", {}).get("detail", {}).get("object", {}).get("key", [])
    }
    assert prefixes == {"truth/"}, "uploads come by the bucket's own notification"
    (queue,) = [each for id, each in of_type(platform, "AWS::SQS::Queue").items() if id.startswith("TruthLabels")]
    assert "RedrivePolicy" in queue


def test_a_stale_model_reaches_people(platform: Template) -> None:
    every = of_type(platform, "AWS::CloudWatch::Alarm").values()
    alarms = [alarm for alarm in every if alarm.get("MetricName") == "Staleness"]
    dimensions = [{one["Name"]: one["Value"] for one in alarm["Dimensions"]} for alarm in alarms]
    assert dimensions == [{"Monitored": model, "service": "perennial"} for model in ("airtime", "flights")]
    assert {alarm["TreatMissingData"] for alarm in alarms} == {"notBreaching"}
