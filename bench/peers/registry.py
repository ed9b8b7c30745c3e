"""The peers and the comparisons with them, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_USUAL = ("3.11", "3.12")


@dataclass(frozen=True)
class Peer:
    """A peer. `script` runs in its environment; `prepares`: it stores something of the reference."""

    name: str
    title: str
    package: str
    script: str
    module: str
    pythons: tuple[str, ...] = _USUAL
    prepares: bool = False
    tree: bool = False
    program: str = ""
    program_from: str = ""


@dataclass(frozen=True)
class Comparison:
    """A row of the document: a peer's work and Perennial's on the same file, with the target ratios."""

    name: str
    title: str
    peer: str
    work: str
    ours: Literal["validate", "full"]
    kind: Literal["parquet", "csv"] = "parquet"
    whole: float | None = None
    within: float | None = None


PEERS = {
    peer.name: peer
    for peer in (
        Peer("pandera_polars", "pandera on Polars", "pandera", "bench.validation.pandera_polars", "pandera.polars"),
        Peer("pandera_pandas", "pandera on pandas", "pandera", "bench.validation.pandera_pandas", "pandera.pandas"),
        Peer(
            "great_expectations", "Great Expectations", "great_expectations", "bench.validation.great_expectations",
            "great_expectations",
        ),
        Peer(
            "tfdv", "TFDV", "tensorflow-data-validation", "bench.drift.tfdv", "tensorflow_data_validation",
            pythons=("3.10", "3.9", "3.11"), prepares=True,
        ),
        Peer(
            "spark", "Spark, Deequ-style", "pyspark", "bench.validation.spark", "pyspark.sql", prepares=True, tree=True,
            program="java", program_from="apt-get install default-jre-headless",
        ),
        Peer("whylogs", "whylogs", "whylogs", "bench.drift.whylogs", "whylogs", prepares=True),
        Peer("nannyml", "nannyml", "nannyml", "bench.drift.nannyml", "nannyml", prepares=True),
        Peer("alibi_detect", "alibi-detect", "alibi-detect", "bench.drift.alibi_detect", "alibi_detect.cd"),
        Peer("evidently", "Evidently", "evidently", "bench.drift.evidently", "evidently"),
    )
}  # fmt: skip

COMPARISONS = (
    Comparison("pandera_polars", "validation", "pandera_polars", "validate", "validate", whole=3.0, within=1.3),
    Comparison("pandera_polars_csv", "validation, CSV", "pandera_polars", "validate", "validate", "csv"),
    Comparison("pandera_pandas", "validation", "pandera_pandas", "validate", "validate", whole=3.5),
    Comparison("pandera_pandas_csv", "validation, CSV", "pandera_pandas", "validate", "validate", "csv", whole=2.0),
    Comparison("great_expectations", "validation", "great_expectations", "validate", "validate", whole=9.0),
    Comparison("tfdv", "statistics, schema, drift", "tfdv", "full", "full", whole=13.0),
    Comparison("spark", "rules, profile, bins", "spark", "full", "full", whole=20.0),
    Comparison("whylogs", "profile, drift", "whylogs", "full", "full", whole=20.0),
    Comparison("nannyml", "drift (JS)", "nannyml", "js", "full", whole=20.0),
    Comparison("alibi_detect", "drift (KS, chi-square)", "alibi_detect", "ks", "full", whole=20.0),
    Comparison("evidently", "drift (PSI)", "evidently", "psi", "full", whole=35.0),
    Comparison("evidently_default", "drift (its default)", "evidently", "default", "full"),
)
