"""The parts of moto that replacements use are unchanged: a new moto fails here, by name."""

import importlib

import pytest

from embedded.moto_patches.patches import MOTO_VERSION
from tests.embedded.sagemaker.contracts import digest

# (our module, the part of moto that it replaces or uses, its digest)
CONTRACTS = [
    (
        "timing",
        "stepfunctions.parser.asl.component.state.wait.wait_function.wait_function:WaitFunction._wait_interval",
        "778fc7df842c",
    ),
    ("timing", "stepfunctions.parser.asl.component.common.retry.retrier_decl:RetrierDecl._eval_body", "c816d4644fe2"),
    (
        "error_names",
        "stepfunctions.parser.asl.component.common.error_name.error_equals_decl:ErrorEqualsDecl._eval_body",
        "3dd07e989641",
    ),
    ("boto_clients", "stepfunctions.parser.asl.utils.boto_client:boto_client_for", "2c53599692cb"),
    ("definitions", "stepfunctions.parser.asl.parse.asl_parser:AmazonStateLanguageParser.parse", "a247b919a584"),
    ("definitions", "stepfunctions.parser.asl.utils.json_path:extract_json", "0d79f1ca93a4"),
    (
        "definitions",
        "stepfunctions.parser.asl.parse.preprocessor:Preprocessor.visitPayload_binding_value",
        "6e3e4868f741",
    ),
    ("definitions", "stepfunctions.parser.asl.component.eval_component:EvalComponent", "23299bc15ded"),
    ("definitions", "stepfunctions.parser.asl.jsonata.jsonata:eval_jsonata_expression", "a6b3f38f75bf"),
    (
        "error_names",
        "stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda:StateTaskServiceLambda._from_error",
        "4ea8b4446df8",
    ),
    (
        "error_names",
        "stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda:StateTaskLambda._from_error",
        "bbb9ef730831",
    ),
    (
        "error_names",
        "stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils:execute_lambda_function_integration",
        "49295e95bce3",
    ),
    (
        "distributed_map",
        "stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker:DistributedItemProcessorWorker",
        "2418d3737674",
    ),
    (
        "distributed_map",
        "stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component:DistributedIterationComponent",
        "01ed2ef87990",
    ),
    (
        "distributed_map",
        "stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl:ItemReader._eval_body",
        "8af65e94d8a4",
    ),
    (
        "distributed_map",
        "stepfunctions.parser.asl.component.state.exec.state_map.iteration.job:JobPool",
        "6bf46e9cd8aa",
    ),
    (
        "sagemaker_tasks",
        "stepfunctions.parser.asl.component.state.exec.state_task.state_task_factory:state_task_for",
        "f25d6f15637f",
    ),
    (
        "sagemaker_tasks",
        "stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback:StateTaskServiceCallback",
        "2caed4f348ef",
    ),
    (
        "sagemaker_tasks",
        "stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service:StateTaskService._eval_execution",
        "70390792048e",
    ),
    ("executions", "stepfunctions.parser.backend.execution:Execution", "846b6902ac78"),
    ("executions", "stepfunctions.parser.backend.execution:BaseExecutionWorkerCommunication", "35b72dd61785"),
    ("executions", "stepfunctions.parser.backend.execution_worker:ExecutionWorker", "4c3ac97f1223"),
    ("executions", "stepfunctions.parser.models:StepFunctionsParserBackend.start_execution", "6a91721c5bae"),
    ("executions", "stepfunctions.parser.models:StepFunctionsParserBackend._validate_definition", "1bd867fbc4f8"),
    ("executions", "stepfunctions.parser.asl.component.program.program:Program.eval", "b65ba5ca9c55"),
    ("responses", "stepfunctions.responses:StepFunctionResponse.describe_execution", "bb2cb600f89f"),
    ("responses", "stepfunctions.responses:StepFunctionResponse.stop_execution", "aea74be37a78"),
    ("responses", "stepfunctions.responses:StepFunctionResponse.get_execution_history", "04977bdb3b4d"),
    ("responses", "stepfunctions.responses:StepFunctionResponse.list_executions", "28e46fc66968"),
]


@pytest.mark.parametrize(("module", "name", "expected"), CONTRACTS)
def test_moto_is_what_the_touch_point_was_written_for(module: str, name: str, expected: str) -> None:
    ours = f"embedded.stepfunctions.{module}"
    assert importlib.import_module(ours).__doc__
    assert digest(name) == expected, (
        f"moto's {name} is not that of moto {MOTO_VERSION}: compare it with {ours}, adapt that, put the digest here"
    )
