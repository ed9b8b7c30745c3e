"""TensorFlow Data Validation: statistics of all columns, anomalies by the schema, drift against stored statistics."""

from __future__ import annotations

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

from typing import Any

import pandas as pd
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from bench.table import CATEGORICAL, NUMERIC, REQUIRED
from bench.validation.rules import RULES, Rule
from bench.work import Task, drifted, perform

_STATISTICS, _SCHEMA = "statistics.pbtxt", "schema.pbtxt"
_DRIFT = anomalies_pb2.AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH


def prepare(task: Task) -> dict[str, Any]:
    """The reference's statistics and a schema inferred from them, with the rules that TFDV can express.

    It has no lengths, patterns, uniqueness or rules across columns.
    """
    statistics = tfdv.generate_statistics_from_dataframe(pd.read_parquet(task.reference))
    schema = tfdv.infer_schema(statistics)
    for rule in RULES:
        if rule.kind == "range":
            tfdv.set_domain(schema, rule.column, _bounds(rule, tfdv.get_feature(schema, rule.column).type))
        elif rule.kind == "set":
            tfdv.set_domain(schema, rule.column, schema_pb2.StringDomain(name=rule.column, value=rule.values))
    for name in REQUIRED:
        tfdv.get_feature(schema, name).presence.min_fraction = 1.0
    for name in (*NUMERIC, *CATEGORICAL):
        tfdv.get_feature(schema, name).drift_comparator.jensen_shannon_divergence.threshold = 0.02
    task.frozen.mkdir(parents=True, exist_ok=True)
    tfdv.write_stats_text(statistics, str(task.frozen / _STATISTICS))
    tfdv.write_schema_text(schema, str(task.frozen / _SCHEMA))
    return {}


def _bounds(rule: Rule, type_: int) -> schema_pb2.IntDomain | schema_pb2.FloatDomain:
    """Adds bounds by the type that the column was read as: whole numbers with missing values are floats."""
    if type_ == schema_pb2.INT:
        return schema_pb2.IntDomain(name=rule.column, min=int(rule.low), max=int(rule.high))
    return schema_pb2.FloatDomain(name=rule.column, min=rule.low, max=rule.high)


def full(task: Task) -> dict[str, Any]:
    """Statistics of the current data, anomalies against the schema, drift against the reference."""
    statistics = tfdv.generate_statistics_from_dataframe(pd.read_parquet(task.current))
    reference = tfdv.load_stats_text(str(task.frozen / _STATISTICS))
    schema = tfdv.load_schema_text(str(task.frozen / _SCHEMA))
    found = tfdv.validate_statistics(statistics, schema, previous_statistics=reference)
    moved, anomalous = [], []
    for name, anomaly in found.anomaly_info.items():
        kinds = {reason.type for reason in anomaly.reason}
        moved += [name] if _DRIFT in kinds else []
        anomalous += [name] if kinds - {_DRIFT} else []
    return drifted(moved) | {"anomalies": sorted(anomalous)}


if __name__ == "__main__":
    perform({"prepare": prepare, "full": full})
