"""Rules of SageMaker for the calls that this cloud answers."""

from awsrules.instances import starts
from awsrules.specs import ENVIRONMENT
from embedded.rules.rule import Parameters, Rule, Situation

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"


def _warm_pool_on_spot(call: Parameters, _: Situation) -> str | None:
    if call.get("EnableManagedSpotTraining") and (call.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds"):
        return "KeepAlivePeriodInSeconds is not supported with managed spot training: leave out one of the two."
    return None


def _training_on_arm(call: Parameters, _: Situation) -> str | None:
    image = (call.get("AlgorithmSpecification") or {}).get("TrainingImage") or ""
    instance = (call.get("ResourceConfig") or {}).get("InstanceType") or ""
    return _cannot_start(image, instance) if instance and not starts(image, instance) else None


def _hosting_on_arm(call: Parameters, situation: Situation) -> str | None:
    for variant in (*(call.get("ProductionVariants") or ()), *(call.get("ShadowProductionVariants") or ())):
        image, instance = situation.images.get(variant.get("VariantName", ""), ""), variant.get("InstanceType") or ""
        if instance and not starts(image, instance):
            return _cannot_start(image, instance)
    return None


def _cannot_start(image: str, instance: str) -> str:
    return f"The image {image} is built for x86_64 and cannot start on the instance type {instance}."


def _serverless_isolation(call: Parameters, situation: Situation) -> str | None:
    for variant in call.get("ProductionVariants") or ():
        if variant.get("ServerlessConfig") and variant.get("VariantName") in situation.isolated:
            return (
                f'Network isolation is not supported for serverless endpoints: model "{variant.get("ModelName")}" has '
                "EnableNetworkIsolation."
            )
    return None


def _isolated_configuration(call: Parameters, _: Situation) -> str | None:
    serverless = any(variant.get("ServerlessConfig") for variant in call.get("ProductionVariants") or ())
    if serverless and call.get("EnableNetworkIsolation"):
        return "EnableNetworkIsolation is not supported for serverless endpoints."
    return None


def _retyped_target(call: Parameters, situation: Situation) -> str | None:
    """Refuses another instance type for a scalable target. `call`: UpdateEndpoint's, with ProductionVariants."""
    for variant in call.get("ProductionVariants") or ():
        name, new = variant["VariantName"], variant.get("InstanceType")
        old = situation.serving.get(name)
        if name in situation.scaled and old is not None and new != old:
            return (
                f"Cannot change the instance type of variant {name} from {old} to {new}: it is registered as a "
                "scalable target. Deregister the variant from Application Auto Scaling first."
            )
    return None


def _environment_size(call: Parameters, _: Situation) -> str | None:
    containers = [call.get("PrimaryContainer") or {}, *(call.get("Containers") or ())]
    maps = [container.get("Environment") or {} for container in containers]
    size = sum(len(name.encode()) + len(value.encode()) for values in maps for name, value in values.items())
    if size > ENVIRONMENT:
        return f"The environment variables of the containers take {size} bytes; they must be at most 32 KB combined."
    return None


RULES = (
    Rule(
        "CreateModel",
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html (Environment: 32 KB)",
        _environment_size,
    ),
    Rule(
        "CreateTrainingJob",
        _GUIDE + "train-warm-pools.html (Considerations: warm pools cannot be used with spot instances)",
        _warm_pool_on_spot,
    ),
    Rule(
        "CreateTrainingJob",
        "https://github.com/aws/sagemaker-scikit-learn-container (images are built for linux/amd64)",
        _training_on_arm,
    ),
    Rule(
        "CreateEndpointConfig",
        "https://github.com/aws/sagemaker-scikit-learn-container (images are built for linux/amd64)",
        _hosting_on_arm,
    ),
    Rule(
        "CreateEndpointConfig",
        _GUIDE + "serverless-endpoints.html (Feature exclusions: network isolation)",
        _serverless_isolation,
    ),
    Rule(
        "CreateEndpointConfig",
        _GUIDE + "serverless-endpoints.html (Feature exclusions: network isolation)",
        _isolated_configuration,
    ),
    Rule(
        "UpdateEndpoint",
        _GUIDE + "endpoint-scaling-update.html (an update that changes a scalable target's instance type fails)",
        _retyped_target,
    ),
)
