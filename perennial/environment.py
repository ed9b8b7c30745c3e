"""An environment: one deployment of Perennial in an account and region, and every name of AWS that it derives.

AWS knows endpoints, jobs, alarms and package groups by their names alone, so those of two environments must differ, and
so must the patterns in IAM grants. The names of the default environment are those of the first releases.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from perennial import PerennialError

DEFAULT = "perennial"
LONGEST = 10  # characters; with the longest name of a model an endpoint configuration then has SageMaker's 63
RULE = (
    f"an environment's name has 2 to {LONGEST} lower-case letters, digits and single hyphens, begins with a letter, "
    "ends with a letter or a digit, and does not begin with aws, ssm, sthree (reserved by AWS), run- or perennial- "
    "(of the default environment)"
)
_MODEL = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RESERVED = re.compile(r"aws|ssm|sthree|run(-|$)|perennial-")
_COMMAND = re.compile(r"\bperennial (?=[a-z])")
_DEPLOYMENT = re.compile(r"\bcdk deploy --all(?! -c name=)")


class EnvironmentNameError(PerennialError):
    """The text cannot be the name of an environment."""


@dataclass(frozen=True)
class Environment:
    """An environment by its name. Raises EnvironmentNameError for a name that some derived name could not bear.

    A name and a model's name have no two hyphens in a row, so `NAME--` begins the names of one environment only, also
    where one environment's name begins another's: `staging--` and `staging-eu--`.
    """

    name: str = DEFAULT

    def __post_init__(self) -> None:
        fits = 2 <= len(self.name) <= LONGEST and _NAME.fullmatch(self.name)
        if not fits or _RESERVED.match(self.name):
            raise EnvironmentNameError(f"'{self.name}' cannot name an environment: {RULE}")

    @property
    def is_default(self) -> bool:
        """True for the environment that a command without --env uses."""
        return self.name == DEFAULT

    @property
    def prefix(self) -> str:
        """The beginning of the names of endpoints, of what belongs to them, of package groups and transform jobs."""
        return f"{self.name}-" if self.is_default else f"{self.name}--"

    @property
    def training_jobs(self) -> str:
        """The beginning of the names of training jobs."""
        return "run-" if self.is_default else self.prefix

    @property
    def parameter(self) -> str:
        """The SSM parameter that holds the names of the deployed resources."""
        return f"/{self.name}/platform"

    @property
    def models_parameters(self) -> str:
        """The path of the SSM parameters that list the deployed models; each holds some of the names."""
        return f"/{self.name}/models/"

    @property
    def metrics(self) -> str:
        """The CloudWatch namespace of the functions' metrics."""
        return "Perennial" if self.is_default else f"Perennial/{self.name}"

    @property
    def serving_metrics(self) -> str:
        """The CloudWatch namespace of the metrics that the endpoints' logs give, and of a requested rollback."""
        return f"{self.metrics}/Serving"

    @property
    def database(self) -> str:
        """The Glue database of the tables of traffic; Athena takes no hyphens without quotes."""
        return DEFAULT if self.is_default else f"{DEFAULT}_{self.name.replace('-', '_')}"

    def table(self, model: str, kind: str) -> str:
        """The table of a model's traffic in that database. No model's name has an underscore."""
        return f"{model.replace('-', '_')}_{kind}"

    @property
    def title(self) -> str:
        """The name as people read it, in the sender of notices and on pages."""
        return "Perennial" if self.is_default else f"Perennial {self.name}"

    def stack(self, kind: str) -> str:
        """The name of a CloudFormation stack: `data` or `platform`."""
        return f"{self.name}-{kind}"

    def endpoint(self, model: str) -> str:
        """The name of a model's endpoint; 44 characters at most."""
        return f"{self.prefix}{model}"

    def endpoint_log(self, model: str) -> str:
        """The log group that SageMaker writes an endpoint's log to."""
        return f"/aws/sagemaker/Endpoints/{self.endpoint(model)}"

    def endpoint_config(self, version: str, spec_digest: str) -> str:
        """The name of a model version's endpoint configuration under a spec, and of its SageMaker model; 63 characters.

        A longer prefix leaves no room for the hyphen between the digits of the version and those of the spec.
        """
        model, _, digits = version.rpartition("@")
        return f"{self.endpoint(model)}-{digits}{'-' if self.is_default else ''}{spec_digest[:6]}"

    def shadow_config(self, model: str, configs: tuple[str, str]) -> str:
        """The name of the endpoint configuration in which one's model shadows another's; 60 characters at most."""
        digits = hashlib.sha256("\x00".join(configs).encode()).hexdigest()[:8]
        return f"{self.endpoint(model)}-shadow-{digits}"

    def model_of_config(self, name: str) -> str | None:
        """The model of an endpoint configuration or a SageMaker model; None for a name of no model here."""
        digits = f"[0-9a-f]{{12}}{'-' if self.is_default else ''}[0-9a-f]{{6}}"
        found = re.fullmatch(rf"{self.prefix}({_MODEL})-(?:{digits}|shadow-[0-9a-f]{{8}})", name)
        return found[1] if found else None

    def is_batch(self, identity: str) -> bool:
        """True if the text has the form of a transform job's name, as `perennial batch` gives it here."""
        return re.fullmatch(rf"{self.prefix}{_MODEL}-[0-9a-f]{{12}}", identity) is not None

    def alarm(self, model: str, kind: str) -> str:
        """The name of one of the alarms that may roll a model's release back."""
        return f"{self.endpoint(model)}-{kind}"

    def package_group(self, model: str) -> str:
        """The name of a model's group of model packages."""
        return f"{self.prefix}{model}"

    def training_job(self, run: str, number: int = 1) -> str:
        """The name of a run's training job; from the second one on with its number; 61 characters at most."""
        name = f"{self.training_jobs}{run.removeprefix('run-')}"
        return name if number == 1 else f"{name}-{number}"

    def rebuild_job(self, run: str, occasion: str) -> str:
        """The name of a training job that makes a run's model again; 63 characters at most."""
        digits = hashlib.sha256(f"{run}\x00{occasion}".encode()).hexdigest()[:4]
        return f"{self.training_job(run)}-r{digits}"

    def commands(self, text: str) -> str:
        """The text with its commands as they reach this environment: `perennial --env NAME runs`.

        A text that has been changed already stays as it is.
        """
        if self.is_default:
            return text
        return _DEPLOYMENT.sub(rf"\g<0> -c name={self.name}", _COMMAND.sub(f"perennial --env {self.name} ", text))
