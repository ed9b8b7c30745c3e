"""The plan of a training job: written by the preparation, read by the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perennial.contract.columns import NULL_VALUES, Column, Problem, Value
from perennial.contract.gate import Gate
from perennial.contract.lifecycle import BY_KEY, Amendment, Splitting, Update
from perennial.contract.metrics import metrics_of
from perennial.contract.model import ModelSpec
from perennial.contract.part import ContractError, Part
from perennial.contract.reveal import Reveal

FORMAT = 2
SECRET_LENGTH = 16  # characters of the key of the hash that chooses held-out rows


@dataclass(frozen=True)
class ChampionFile(Part):
    """The archive of the model now serving; `archive` is a file beside the plan."""

    version: str
    archive: str
    #: the SHA-256 of the file, 64 hex digits; '' in plans of older releases
    sha256: str = ""


@dataclass(frozen=True)
class Input(Part):
    """A column that an imported model reads, and the type that its signature gives it, in MLflow's words."""

    name: str
    type: str


@dataclass(frozen=True)
class ImportedFile(Part):
    """A model that was trained elsewhere and is judged in place of a fitted one; `file` lies beside the plan."""

    file: str
    #: of the file, 64 hex digits
    sha256: str
    #: the server and the model's URI there
    source: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Origin(Part):
    """Facts that the job copies into the model's manifest."""

    datasets: tuple[str, ...] = ()
    newest: str = ""
    code_digest: str = ""
    spec_digest: str = ""
    created_at: str = ""
    event_time: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan(Part):
    """The plan: `columns` holds every declared column with `feature` decided, `gate` has its defaults filled in."""

    format: int = FORMAT
    run: str
    model: str
    problem: Problem
    target: str
    positive: Value | None = None
    #: the words for false and true in the data of a boolean target; None where they are false and true
    target_words: tuple[str, str] | None = None
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    null_values: tuple[str, ...] = NULL_VALUES
    #: the answer to values beyond the contract: refuse, or answer and count
    out_of_contract: Literal["refuse", "answer"] = "answer"
    #: a column that the spec does not name is refused in a request, or ignored, as in an upload
    unknown_columns: Literal["refuse", "ignore"] = "refuse"
    #: what answers reveal
    reveal: Reveal = "all"
    held_out: float = 0.2
    #: the model's key of the hash that chooses the held-out rows, 16 ASCII characters; '': the public one
    secret: str = field(default="", repr=False)
    split: Splitting = BY_KEY
    #: the model that will serve is fitted on all rows after judging
    refit: bool = False
    #: of a regression: the share of cases in which the interval of an answer holds the truth
    interval: float | None = None
    seed: int = 7
    estimator: str = "hist_gradient_boosting"
    parameters: Mapping[str, Any]
    champion: ChampionFile | None = None
    #: the model that is judged in place of a fitted one
    imported: ImportedFile | None = None
    update: Update = "full"
    #: the number of the oldest datasets that a full training leaves out; their rows are judged and replayed
    memory: int = 0
    amend: Amendment = field(default_factory=Amendment)
    gate: Gate
    origin: Origin = Origin()
    #: the newest dataset was made of served requests by a decision on record: no model has learned from its rows
    unseen: bool = False
    #: the SHA-256 of the rows of each part, by dataset/part; datasets of releases without such digests have none
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> dict[str, Column]:
        """The columns shown to the model."""
        return {name: column for name, column in self.columns.items() if column.feature and name != self.target}

    @property
    def target_column(self) -> Column:
        """The column to predict."""
        return self.columns[self.target]

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        run: str,
        champion: ChampionFile | None,
        origin: Origin,
        target_words: tuple[str, str] | None = None,
    ) -> Plan:
        """The plan of a run, from its spec."""
        columns = spec.columns.items()
        return cls(
            run=run,
            model=spec.name,
            problem=spec.problem,
            target=spec.target,
            positive=spec.positive,
            target_words=target_words,
            columns={name: column.decided(feature=spec.is_feature(name)) for name, column in columns},
            key=spec.key,
            null_values=spec.validation.null_values,
            out_of_contract=spec.serving.out_of_contract,
            reveal=spec.serving.reveal,
            unknown_columns=spec.validation.unknown_columns,
            held_out=spec.training.held_out,
            split=spec.split,
            refit=spec.training.refit,
            interval=spec.training.interval,
            seed=spec.training.seed,
            estimator=spec.training.estimator,
            parameters=spec.training.parameters,
            champion=champion,
            update=spec.training.update,
            amend=spec.training.amend,
            gate=spec.gate_checks(),
            origin=origin,
        )

    @classmethod
    def read(cls, data: Any) -> Plan:
        """The plan in a JSON document. Raises ContractError for another format or a malformed document."""
        found = data.get("format") if isinstance(data, Mapping) else type(data).__name__
        if found != FORMAT:
            raise ContractError(f"the plan's format is {found}; this code reads format {FORMAT}", "format")
        plan = cls.from_json(data)
        for name in (plan.target, *plan.key, *plan.split.group):
            if name not in plan.columns:
                raise ContractError(f"'{name}' is named by the plan but is none of its columns", "columns")
        if plan.gate.metric not in {metric.name for metric in metrics_of(plan.problem)}:
            raise ContractError(f"{plan.problem} has no metric '{plan.gate.metric}'", "gate", "metric")
        if plan.gate.threshold.aim == "value" and plan.gate.value is None:
            raise ContractError("the aim 'value' needs gate.value, which gives the value of each outcome", "gate")
        if plan.secret and (len(plan.secret) != SECRET_LENGTH or not plan.secret.isascii()):
            raise ContractError(f"expected {SECRET_LENGTH} ASCII characters", "secret")
        if plan.split.time and plan.origin.event_time not in plan.columns:
            raise ContractError("split.time needs the column with the time of a row's event", "split", "time")
        if not plan.features:
            raise ContractError("no column is a feature; the model would see nothing", "columns")
        return plan
