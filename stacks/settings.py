"""The settings of a deployment, read from the CDK context and checked once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, get_type_hints

import yaml

from awsrules.specs import LONGEST_TRAINING, TRAINING_HOURS
from perennial.environment import DEFAULT, Environment, EnvironmentNameError
from perennial.installation import packages

CODE = packages()  # the folder of our packages
RETENTIONS = (
    *("ONE_DAY", "THREE_DAYS", "FIVE_DAYS", "ONE_WEEK", "TWO_WEEKS", "ONE_MONTH", "TWO_MONTHS", "THREE_MONTHS"),
    *("FOUR_MONTHS", "FIVE_MONTHS", "SIX_MONTHS", "ONE_YEAR", "TWO_YEARS", "FIVE_YEARS", "TEN_YEARS", "INFINITE"),
)

_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 731, 1827, 3653, 0)  # of the retentions; 0 for no end


def _project() -> Path:
    """The team's folder: the current one, where the CDK runs an app, or else the checkout of this code."""
    here = Path.cwd()
    return here if (here / "models").is_dir() and (here / "cdk.json").is_file() else CODE


PROJECT = _project()  # the folder of specs, estimators and settings
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}")


class StackError(Exception):
    """The root of the errors of this package; `hint` is the next command, or ''."""

    hint: str = ""


class SettingsError(StackError):
    """A value of the CDK context is not allowed."""


LARGEST_MEMORY_MB = 10_240


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings. Each field is a key of the CDK context: `cdk deploy -c name=staging -c notify=team@example.com`."""

    name: str = DEFAULT  # of the environment, from which all names in AWS derive: see perennial/environment.py
    models: str = "models"  # folder of the specs, absolute or below the team's folder
    retain: bool = True  # keep buckets and ledger when the stacks are destroyed
    notify: str = ""  # e-mail address that receives notices and alarms
    webhook_secret: str = ""  # ARN of a secret of Secrets Manager, by which notices go to Slack, Teams or PagerDuty
    mlflow_uri: str = ""  # the MLflow tracking server that each run is exported to
    mlflow_secret: str = ""  # ARN of the secret with its credentials: {"token": ...} or {"user": ..., "password": ...}
    openlineage_url: str = ""  # the receiver of each run's events of OpenLineage
    openlineage_secret: str = ""  # ARN of the secret with its credentials: {"token": ...}
    log_retention: str = "THREE_MONTHS"  # of every log group
    traffic_days: int = 180  # captured traffic is deleted after that
    poll_seconds: int = 20  # between two looks at an endpoint; 12 hours of them fit into the history's 25,000 events
    reconcile_minutes: int = 15
    inspection_workers: int = 8  # files of one dataset inspected at a time; new accounts run 10 functions at once
    largest_memory_mb: int = 3_008  # of the worker for files that were too much; used accounts have up to 10240
    slice_mb: int = 512  # a larger Parquet file is inspected by row groups, about so much by each worker
    training_hours: int = TRAINING_HOURS  # for which a run waits for a training; specs are held against it
    run_hours: int = 48

    def __post_init__(self) -> None:
        try:
            Environment(self.name)
        except EnvironmentNameError as error:
            raise SettingsError(f"context 'name': {error}") from None
        if self.log_retention not in RETENTIONS:
            raise SettingsError(f"context 'log_retention' is {self.log_retention!r}: one of {', '.join(RETENTIONS)}")
        self._check_outgoing()
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is int and value < 1:
                raise SettingsError(f"context '{field.name}' is {value}: a positive whole number is expected")
        if not 128 <= self.largest_memory_mb <= LARGEST_MEMORY_MB:
            raise SettingsError(
                f"context 'largest_memory_mb' is {self.largest_memory_mb}: Lambda gives 128 to {LARGEST_MEMORY_MB}"
            )
        if self.training_hours > LONGEST_TRAINING / 60:
            raise SettingsError(
                f"context 'training_hours' is {self.training_hours}: SageMaker ends a training after "
                f"{LONGEST_TRAINING // 60} hours"
            )
        if self.run_hours <= self.training_hours:
            raise SettingsError(
                f"context 'run_hours' is {self.run_hours}: a run takes longer than its training, which may take "
                f"{self.training_hours} hours"
            )
        if not self.models_folder.is_dir():
            raise SettingsError(f"context 'models' is {self.models!r}: there is no folder {self.models_folder}")

    def _check_outgoing(self) -> None:
        """The secrets of the servers that are told of runs and notices, and the URLs of the tracking servers."""
        for name in ("webhook_secret", "mlflow_secret", "openlineage_secret"):
            arn = getattr(self, name)
            if arn and not _SECRET.fullmatch(arn):
                raise SettingsError(
                    f"context '{name}' is {arn!r}: the whole ARN of a secret, as "
                    "`aws secretsmanager describe-secret` gives it"
                )
        for name, secret in (("mlflow_uri", self.mlflow_secret), ("openlineage_url", self.openlineage_secret)):
            url = getattr(self, name)
            if secret and not url:
                raise SettingsError(f"context '{name}' is not set, and a secret for it is")
            if url and not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", url):
                raise SettingsError(f"context '{name}' is {url!r}: https://HOST without credentials is expected")

    @property
    def log_days(self) -> int:
        """The days after which logs are deleted; 0 where they are kept."""
        return dict(zip(RETENTIONS, _DAYS, strict=True))[self.log_retention]

    @property
    def tracks(self) -> bool:
        """True if runs are told to a tracking server."""
        return bool(self.mlflow_uri or self.openlineage_url)

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Settings from context values, which are text when given on the command line.

        Raises SettingsError for a value of the wrong kind.
        """
        kinds = get_type_hints(cls)
        given = {f.name: context[f.name] for f in fields(cls) if context.get(f.name) is not None}
        return cls(**{name: _as(kinds[name], name, value) for name, value in given.items()})

    @classmethod
    def names(cls) -> list[str]:
        """The context keys that are settings."""
        return [field.name for field in fields(cls)]

    @property
    def environment(self) -> Environment:
        """The environment that is deployed."""
        return Environment(self.name)

    @property
    def models_folder(self) -> Path:
        """Folder of the specs."""
        return PROJECT / self.models

    @property
    def model_names(self) -> list[str]:
        """Names of the models, by their specs' file names, sorted."""
        return sorted(path.stem for path in self.models_folder.glob("*.yaml"))

    @property
    def capture_keys(self) -> list[str]:
        """The KMS keys by which the specs have captured traffic encrypted, sorted."""
        return sorted({key for path in self.models_folder.glob("*.yaml") if (key := _capture_key(path))})


def _capture_key(path: Path) -> str | None:
    """The key of a spec's captured traffic. An invalid spec is refused by app.py."""
    try:
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return None
    serving = spec.get("serving") if isinstance(spec, dict) else None
    key = serving.get("capture_kms_key") if isinstance(serving, dict) else None
    return key if isinstance(key, str) else None


def _as(kind: type, name: str, value: Any) -> Any:
    if isinstance(value, kind):
        return value
    if kind is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind is int and str(value).isdecimal():
        return int(value)
    raise SettingsError(f"context '{name}' is {value!r}: {kind.__name__} is expected")
