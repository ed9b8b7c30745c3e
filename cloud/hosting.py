"""Endpoint configurations and SageMaker models of a model, found by their names.

SageMaker lists the whole account; only names of the environment are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloud import endpoint_configs
from cloud.platform import client
from perennial.environment import Environment

_LISTS = {  # operation: (its list, the name in an entry)
    "list_endpoint_configs": ("EndpointConfigs", "EndpointConfigName"),
    "list_models": ("Models", "ModelName"),
}
_NAMED = {  # the same, where the name is the prefix and the model
    "list_endpoints": ("Endpoints", "EndpointName"),
    "list_model_package_groups": ("ModelPackageGroupSummaryList", "ModelPackageGroupName"),
}


def names(environment: Environment, model: str) -> list[str]:
    """The names of a model's endpoint configurations and SageMaker models, sorted; a version has one of each."""
    found = {name for operation in _LISTS for name in _list(operation, environment.endpoint(model))}
    return sorted(name for name in found if environment.model_of_config(name) == model)


def delete(environment: Environment, model: str) -> list[str]:
    """Deletes a model's endpoint configurations and SageMaker models; returns their names. Safe to repeat."""
    return [name for name in names(environment, model) if endpoint_configs.delete(name)]


def models(environment: Environment) -> set[str]:
    """The models that were ever registered, or of which an endpoint, a configuration or a SageMaker model exists."""
    prefix = environment.prefix
    named = {name for operation in _NAMED for name in _list(operation, prefix) if name.startswith(prefix)}
    others = (environment.model_of_config(name) for operation in _LISTS for name in _list(operation, prefix))
    return {name.removeprefix(prefix) for name in named} | {model for model in others if model}


def _list(operation: str, contained: str) -> Iterator[str]:
    key, name = {**_LISTS, **_NAMED}[operation]
    for page in client("sagemaker").get_paginator(operation).paginate(NameContains=contained):
        yield from (entry[name] for entry in page[key])
