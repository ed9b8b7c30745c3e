"""SageMaker's script mode: the command and the environment that the prebuilt image's toolkit gives a script.

The environment variables are those of `sagemaker-training` 5.1.4 (`Environment.to_env_vars`), except SM_TRAINING_ENV;
a test compares the two.
"""

import json
import logging
import os
import sys
from typing import Any

from embedded.sagemaker.container import Container

HOST = "algo-1"
GROUP = "homogeneousCluster"
PROGRAM = "sagemaker_program"
SUBMIT_DIRECTORY = "sagemaker_submit_directory"
_PREFIX = "sagemaker_"
# Read by the toolkit itself; any other sagemaker_* goes to the framework (SM_FRAMEWORK_PARAMS).
_KNOWN = {
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_region",
    "sagemaker_s3_output",
    "default_user_module_name",
    "_tuning_objective_metric",
}

Json = Any


def decoded(hyperparameters: dict[str, str]) -> dict[str, Json]:
    """The values of hyperparameters: JSON, or the string itself if it is not JSON."""
    values: dict[str, Json] = {}
    for name, text in hyperparameters.items():
        try:
            values[name] = json.loads(text)
        except (ValueError, TypeError):
            values[name] = text
    return values


def resource_config(instance_type: str) -> dict[str, Json]:
    """The content of resourceconfig.json for a job on one instance."""
    return {
        "current_host": HOST,
        "current_instance_type": instance_type,
        "current_group_name": GROUP,
        "hosts": [HOST],
        "instance_groups": [{"instance_group_name": GROUP, "instance_type": instance_type, "hosts": [HOST]}],
        "network_interface_name": "eth0",
    }


class Script:
    """A training script with its hyperparameters, in a container.

    Args:
        container: where /opt/ml is.
        hyperparameters: as in the request, decoded, with paths already mapped.
        channels: the content of inputdataconfig.json.
        instance_type: as in the request, e.g. ml.m5.large.
    """

    def __init__(
        self,
        container: Container,
        hyperparameters: dict[str, Json],
        channels: dict[str, dict[str, str]],
        instance_type: str,
    ) -> None:
        self._container = container
        self._channels = channels
        self._resources = resource_config(instance_type)
        self.program = str(hyperparameters.get(PROGRAM, ""))
        self.source = str(hyperparameters.get(SUBMIT_DIRECTORY, container.code))
        self._all = hyperparameters
        self._own = {
            name: value
            for name, value in hyperparameters.items()
            if not name.startswith(_PREFIX) and name not in _KNOWN
        }

    def command(self) -> list[str]:
        """The command line that the toolkit runs in the code directory."""
        return [sys.executable, self.program, *self.arguments()]

    def arguments(self) -> list[str]:
        """--name value for each of the user's hyperparameters, sorted by name."""
        words: list[str] = []
        for name in sorted(self._own):
            value = self._own[name]
            if isinstance(value, dict):
                value = ",".join(f"{key}={entry}" for key, entry in sorted(value.items()))
            words += [f"--{name}" if len(name) > 1 else f"-{name}", "" if value is None else str(value)]
        return words

    def environment(self) -> dict[str, str]:
        """The SM_* variables."""
        values = self._paths() | self._machine() | self._program()
        values |= {f"channel_{name}": str(self._container.channel(name)) for name in self._channels}
        values |= {f"hp_{name}": value for name, value in self._own.items()}
        return {f"SM_{name.upper()}": _text(value) for name, value in values.items()}

    def _paths(self) -> dict[str, Json]:
        container = self._container
        return {
            "input_dir": str(container.input),
            "input_config_dir": str(container.config),
            "output_dir": str(container.output),
            "output_data_dir": str(container.output_data),
            "output_intermediate_dir": str(container.output / "intermediate"),
            "model_dir": str(container.model),
            "module_dir": self.source,
        }

    def _machine(self) -> dict[str, Json]:
        resources = self._resources
        return {
            "hosts": resources["hosts"],
            "network_interface_name": resources["network_interface_name"],
            "resource_config": resources,
            "current_host": HOST,
            "current_instance_type": resources["current_instance_type"],
            "current_instance_group": GROUP,
            "current_instance_group_hosts": [HOST],
            "instance_groups": [GROUP],
            "instance_groups_dict": {GROUP: resources["instance_groups"][0]},
            "distribution_instance_groups": [],
            "is_hetero": False,
            "num_cpus": os.cpu_count() or 1,
            "num_gpus": 0,
            "num_neurons": 0,
        }

    def _program(self) -> dict[str, Json]:
        framework = {
            name: value for name, value in self._all.items() if name.startswith(_PREFIX) and name not in _KNOWN
        }
        return {
            "hps": self._own,
            "user_entry_point": self.program,
            "framework_params": framework,
            "input_data_config": self._channels,
            "channels": sorted(self._channels),
            "module_name": self.program.removesuffix(".py"),
            "log_level": self._all.get("sagemaker_container_log_level", logging.INFO),
            "framework_module": None,
            "user_args": self.arguments(),
        }


def _text(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
