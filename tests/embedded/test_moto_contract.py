"""The places where moto is replaced are as they were when the replacements were written (embedded/moto_patches).

When a new version of moto fails one of these, read what it does there now and adapt the module named in the test.
"""

import inspect
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
import moto
import pytest
from moto import backends
from moto.applicationautoscaling import models as scaling_models
from moto.awslambda import models as lambda_models
from moto.cloudwatch import models as cloudwatch_models
from moto.cloudwatch import responses as cloudwatch_responses
from moto.core import utils as core_utils
from moto.events import models as event_models
from moto.logs import models as log_models
from moto.logs.metric_filters import MetricFilters
from moto.moto_server import werkzeug_app
from moto.s3 import notifications
from moto.s3.models import FakeBucket
from moto.scheduler import models as scheduler_models
from moto.sns import models as sns_models
from moto.sqs import models as sqs_models

from embedded.moto_patches.patches import MOTO_VERSION, MotoChangedError, Patches
from tests.embedded.conftest import World


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_moto_is_the_version_the_replacements_were_written_for() -> None:
    assert moto.__version__ == MOTO_VERSION


@pytest.mark.parametrize(
    ("module", "function", "expected"),
    [
        ("functions", lambda_models.LambdaFunction.invoke, ["self", "body", "request_headers", "response_headers"]),
        ("functions", lambda_models.LambdaFunction.__init__, ["self", "account_id", "spec", "region", "version"]),
        ("functions", lambda_models.LambdaFunction._set_function_code, ["self", "updated_spec"]),
        ("functions", lambda_models.LambdaFunction.get_configuration, ["self", "on_create"]),
        ("functions", lambda_models.LambdaFunction.update_configuration, ["self", "config_updates"]),
        ("functions", lambda_models.LambdaBackend.delete_function, ["self", "function_name", "qualifier"]),
        ("event_source_mappings", lambda_models.LambdaBackend.create_event_source_mapping, ["self", "spec"]),
        ("event_source_mappings", lambda_models.LambdaBackend.delete_event_source_mapping, ["self", "uuid"]),
        ("event_source_mappings", sqs_models.Queue.delete_message, ["self", "receipt_handle"]),
        ("message_moves", sqs_models.Queue.add_message, ["self", "message"]),
        ("event_source_mappings", sqs_models.Message.delay, ["self", "delay_seconds"]),
        ("messaging", event_models.Rule.send_to_targets, ["self", "original_event", "transform_input"]),
        ("storage", notifications._send_event_bridge_message, ["account_id", "bucket", "event_name", "key"]),
        ("storage", notifications.send_event, ["account_id", "event_name", "bucket", "key"]),
        ("storage", notifications._get_s3_event, ["event_name", "bucket", "key", "notification_id"]),
        ("storage", notifications._send_sqs_message, ["account_id", "event_body", "queue_name", "region_name"]),
        ("storage", FakeBucket.set_notification_configuration, ["self", "notification_config"]),
        (
            "metric_filters",
            log_models.LogsBackend.put_metric_filter,
            ["self", "filter_name", "filter_pattern", "log_group_name", "metric_transformations"],
        ),
        (
            "scaling",
            scaling_models.ApplicationAutoscalingBackend.deregister_scalable_target,
            ["self", "namespace", "r_id", "dimension"],
        ),
        ("scaling", scaling_models.FakeApplicationAutoscalingPolicy.create_alarms, ["self"]),
        ("metric_filters", log_models.LogsBackend.delete_metric_filter, ["self", "filter_name", "log_group_name"]),
        ("metric_filters", log_models.LogsBackend.delete_log_group, ["self", "log_group_name"]),
        (
            "metric_filters",
            log_models.LogsBackend.put_log_events,
            ["self", "log_group_name", "log_stream_name", "log_events"],
        ),
        ("cloudwatch", cloudwatch_models.CloudWatchBackend.put_metric_data, ["self", "namespace", "metric_data"]),
        (
            "cloudwatch",
            cloudwatch_models.CloudWatchBackend.get_metric_data,
            ["self", "queries", "start_time", "end_time", "scan_by"],
        ),
        (
            "cloudwatch",
            cloudwatch_models.CloudWatchBackend.set_alarm_state,
            ["self", "alarm_name", "reason", "reason_data", "state_value"],
        ),
        ("cloudwatch", cloudwatch_models.Alarm.update_state, ["self", "reason", "reason_data", "state_value"]),
        (
            "messaging",
            sns_models.Subscription.publish,
            [
                "self",
                "message",
                "message_id",
                "subject",
                "message_attributes",
                "group_id",
                "deduplication_id",
                "message_structure",
            ],
        ),
    ],
)
def test_a_replaced_function_has_the_parameters_of_its_replacement(
    module: str, function: Callable[..., Any], expected: list[str]
) -> None:
    assert parameters(function) == expected, f"adapt embedded/moto_patches/{module}.py"


def test_moto_is_imported_without_ec2_and_batch_stays_real() -> None:
    program = """
import sys, embedded.cloud
assert not [name for name in sys.modules if name.startswith("moto.ec2")], "something else imports EC2"
from embedded.moto_patches.loading import JobStatus, LaterBackends
from moto.batch.utils import JobStatus as Real
assert JobStatus is not Real and all(status.value == Real[status.name].value for status in JobStatus)
from moto.ssm.models import ec2_backends
assert isinstance(ec2_backends, LaterBackends)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_moto_reads_service_models_by_the_loader_that_is_replaced() -> None:
    assert "loader = create_loader()" in inspect.getsource(core_utils._load_service_model)
    assert parameters(botocore.session.create_loader) == ["search_path_string"]


def test_moto_looks_for_a_requests_module_by_the_list_that_is_replaced() -> None:
    assert "backends.list_of_moto_modules()" in inspect.getsource(werkzeug_app.DomainDispatcherApplication)
    assert "s3" in set(backends.list_of_moto_modules())


def test_moto_makes_functions_by_the_name_that_is_replaced() -> None:
    assert "fn = LambdaFunction(" in inspect.getsource(lambda_models.LambdaBackend.create_function)


def test_moto_calls_mapped_functions_from_the_queues_own_list() -> None:
    assert "self.lambda_event_source_mappings.items()" in inspect.getsource(sqs_models.Queue.add_message)
    source = inspect.getsource(lambda_models.LambdaBackend.create_event_source_mapping)
    assert "queue.lambda_event_source_mappings[esm.function_arn] = esm" in source


def test_moto_completes_a_multipart_upload_by_a_put_that_knows_its_parts() -> None:
    from moto.s3.models import S3Backend

    assert "multipart=multipart," in inspect.getsource(S3Backend.complete_multipart_upload)


def test_moto_still_stores_schedules_without_firing_them() -> None:
    assert parameters(scheduler_models.Schedule.to_dict) == ["self", "short"]
    assert not hasattr(scheduler_models.Schedule, "fire")


def test_the_log_backend_takes_lines_as_the_functions_log_gives_them() -> None:
    assert parameters(log_models.LogsBackend.put_log_events) == [
        "self",
        "log_group_name",
        "log_stream_name",
        "log_events",
    ]
    assert parameters(log_models.LogsBackend.ensure_log_group) == ["self", "log_group_name"]


def test_moto_makes_an_alarm_by_the_call_that_is_replaced_and_never_evaluates_it() -> None:
    assert "self.alarms[name] = alarm" in inspect.getsource(cloudwatch_models.CloudWatchBackend.put_metric_alarm)
    assert "def describe_alarm_history" not in inspect.getsource(cloudwatch_responses)
    assert not hasattr(cloudwatch_models.CloudWatchBackend, "evaluate_alarms")


def test_moto_keeps_metric_filters_in_a_list_and_applies_none() -> None:
    assert "self.metric_filters.append(" in inspect.getsource(MetricFilters.add_filter)
    assert "filters" not in inspect.getsource(log_models.LogGroup.put_log_events)


def test_the_server_still_builds_its_requests_from_the_handlers_environment() -> None:
    assert parameters(werkzeug_app.MotoRequestHandler.make_environ) == ["self"]


def test_conditional_writes_of_many_threads_have_one_winner(world: World) -> None:
    dynamodb = world.client("dynamodb", max_pool_connections=16)
    dynamodb.create_table(
        TableName="claims",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def claim(number: int) -> bool:
        try:
            dynamodb.put_item(
                TableName="claims",
                Item={"pk": {"S": f"claim-{number // 16}"}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(claim, range(16 * 8))) == 8


def test_a_missing_place_is_an_error_and_a_replacement_is_taken_back() -> None:
    class Owner:
        value = 1

    patches, settings = Patches(), {"a": 1}
    with pytest.raises(MotoChangedError, match=r"Owner\.other"):
        patches.replace(Owner, "other", 2)
    with pytest.raises(MotoChangedError, match="'b'"):
        patches.put(settings, "b", 2)
    assert patches.replace(Owner, "value", 2) == 1
    patches.put(settings, "a", 2)
    assert (Owner.value, settings) == (2, {"a": 2})
    patches.undo()
    assert (Owner.value, settings) == (1, {"a": 1})
