"""Spark 3.5, Deequ-style: rules, profile and bins as sums in aggregations, as Deequ compiles its analyzers.

Deequ itself is a jar from Maven; its constraints are such aggregate expressions. Deequ fuses them into one aggregation;
Spark takes less time for all these sums in several jobs, each over some of the columns, submitted by two threads, so
that is measured. As in Deequ, uniqueness and the counts of categories are groupings in jobs of their own.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import pairwise
from math import log
from operator import add
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from bench.table import CATEGORICAL, COLUMNS, FEATURES, NUMERIC, REQUIRED
from bench.validation.rules import FASTEST, RULES, Rule
from bench.work import Task, drifted, perform, violations

TYPES = {"boolean": "boolean", "integer": "bigint", "number": "double", "text": "string"}
_FROZEN = "bins.json"
#: the sums are divided into this number of jobs, of which one per core runs at a time
_JOBS = 8
_CORES = 2


def prepare(task: Task) -> dict[str, Any]:
    """The reference's deciles and shares, stored as a file."""
    session = _session()
    rows = session.read.parquet(str(task.reference))
    deciles = rows.approxQuantile(list(NUMERIC), [tenth / 10 for tenth in range(1, 10)], 0.0001)
    edges = {name: sorted(set(found)) for name, found in zip(NUMERIC, deciles, strict=True)}
    task.frozen.mkdir(parents=True, exist_ok=True)
    (task.frozen / _FROZEN).write_text(json.dumps({"edges": edges, "shares": _shares(rows, edges)}))
    session.stop()
    return {}


def full(task: Task) -> dict[str, Any]:
    """Validates by the 19 rules, profiles 22 columns and computes PSI of 20, on two cores."""
    frozen = json.loads((task.frozen / _FROZEN).read_text())
    session = _session()
    rows = session.read.parquet(str(task.current))
    mistyped = {name for name, kind in rows.dtypes if kind != TYPES[COLUMNS[name].type]}
    with ThreadPoolExecutor(_CORES) as pool:
        others = pool.submit(_categories, rows), pool.submit(_repeated, rows)
        sums = _sums(rows, frozen["edges"], pool)
        categories, repeated = others[0].result(), others[1].result()
    counts = {rule.name: sums[f"rule {rule.name}"] for rule in RULES if rule.kind not in ("types", "unique")}
    found = violations(counts | {"types": len(mistyped), "id unique": repeated})
    shares = _binned(sums, frozen["edges"]) | categories
    moved = [name for name in FEATURES if _psi(frozen["shares"][name], shares[name]) > 0.1]
    session.stop()
    return found | drifted(moved)


def _session() -> SparkSession:
    """A session with two cores, no web server, and as many partitions as cores, which is best on one machine.

    The JVM compiles large methods too: otherwise it would interpret the aggregation.
    """
    builder = SparkSession.builder.master(f"local[{_CORES}]").appName("departures")
    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.memory": "4g"}
    settings["spark.driver.extraJavaOptions"] = "-XX:-DontCompileHugeMethods"
    session = reduce(lambda made, item: made.config(*item), settings.items(), builder).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _sums(rows: DataFrame, edges: dict[str, list[float]], pool: ThreadPoolExecutor) -> dict[str, Any]:
    """All rules, the profile and the bins of numbers, in some aggregations, each over some of the columns."""
    parts = [_of_column(name, edges.get(name, [])) for name in COLUMNS]
    parts.append([f.count(f.lit(1)).alias("rows"), *_rules("")])
    jobs = [[sum_ for part in parts[job::_JOBS] for sum_ in part] for job in range(_JOBS)]
    found = pool.map(lambda job: rows.agg(*job).collect()[0].asDict(), jobs)
    return {name: value for sums in found for name, value in sums.items()}


def _of_column(name: str, edges: list[float]) -> list[Column]:
    made = [*_rules(name), f.count(name).alias(f"count {name}")]
    if COLUMNS[name].type in ("integer", "number"):
        for what, measure in {"min": f.min, "max": f.max, "mean": f.mean, "deviation": f.stddev_pop}.items():
            made.append(measure(name).alias(f"{what} {name}"))
    return made + [_count(f.col(name) <= edge).alias(f"below {place} {name}") for place, edge in enumerate(edges)]


def _rules(column: str) -> list[Column]:
    """The rules of one column, or with "" those over several; types are in the file and uniqueness is a grouping."""
    asked = [rule for rule in RULES if rule.column == column and rule.kind not in ("types", "unique")]
    return [_count(_breaks(rule)).alias(f"rule {rule.name}") for rule in asked]


def _count(holds: Column) -> Column:
    return f.sum(f.when(holds, 1).otherwise(0))


def _breaks(rule: Rule) -> Column:
    value = f.col(rule.column) if rule.column else f.lit(None)
    if rule.kind == "nulls":
        return reduce(add, [f.col(name).isNull().cast("int") for name in REQUIRED]) > 0
    if rule.kind == "range":
        return ~value.between(rule.low, rule.high)
    if rule.kind == "set":
        return ~value.isin(*rule.values)
    if rule.kind == "length":
        return ~f.length(value).between(int(rule.low), int(rule.high))
    if rule.kind == "pattern":
        return ~value.rlike(f"^{rule.pattern}$")
    return f.col("distance") > FASTEST * f.col("air_time")


def _repeated(rows: DataFrame) -> int:
    """The number of rows that share their id with another."""
    groups = rows.groupBy("id").count().where("count > 1").agg(f.coalesce(f.sum("count"), f.lit(0)))
    return int(groups.collect()[0][0])


def _categories(rows: DataFrame) -> dict[str, dict[str, float]]:
    """The share of each category: one grouping for all columns, with each row as one row per column."""
    pairs = f.array(*[f.struct(f.lit(name), f.col(name).cast("string").alias("value")) for name in CATEGORICAL])
    opened = rows.select(f.explode(pairs).alias("cell")).select("cell.*").toDF("name", "value")
    counts: dict[str, dict[str, float]] = {name: {} for name in CATEGORICAL}
    for name, value, count in opened.groupBy("name", "value").count().collect():
        counts[name][str(value)] = count
    return {name: {value: n / sum(held.values()) for value, n in held.items()} for name, held in counts.items()}


def _binned(sums: dict[str, Any], edges: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    shares = {}
    for name, bounds in edges.items():
        below = [0, *(sums[f"below {place} {name}"] for place in range(len(bounds))), sums[f"count {name}"]]
        counts = [after - before for before, after in pairwise(below)]
        shares[name] = {str(place): count / max(below[-1], 1) for place, count in enumerate(counts)}
    return shares


def _shares(rows: DataFrame, edges: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    with ThreadPoolExecutor(_CORES) as pool:
        return _binned(_sums(rows, edges, pool), edges) | _categories(rows)


def _psi(before: dict[str, float], after: dict[str, float]) -> float:
    pairs = [(before.get(name, 1e-6) or 1e-6, after.get(name, 1e-6) or 1e-6) for name in {*before, *after}]
    return sum((b - a) * log(b / a) for a, b in pairs)


if __name__ == "__main__":
    perform({"prepare": prepare, "full": full})
