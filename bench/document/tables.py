"""The tables of the page, from the results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.limits import AT_MOST, PEAK
from bench.peers import COMPARISONS, PEERS

Results = Mapping[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; all columns but the first are right-aligned."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def comparisons(results: Results) -> str:
    """Ratios to each peer and their targets."""
    head = ["against", "asked, at least", "whole process", "in-process", "CPU", "peak memory", "version"]
    rows = []
    for line in COMPARISONS:
        measured = results["comparisons"].get(line.name)
        if measured is None:
            continue
        asked = f"{line.whole:g}" if line.whole else "-"
        asked += f"; in-process {line.within:g}" if line.within else ""
        title = f"{PEERS[line.peer].title}: {line.title}"
        if "reason" in measured:
            rows.append([title, asked, *["not measured"] * 4, measured.get("version", "-")])
            continue
        ratios = measured["ratios"]
        whole = _met(ratios["whole"], line.whole)
        within = _met(ratios["within"], line.within)
        rows.append([title, asked, whole, within, _x(ratios["cpu"]), _x(ratios["peak"]), measured["version"]])
    return table(head, rows)


def limits(results: Results) -> str:
    """Time relative to reading alone."""
    head = ["ours / limit", "asked, at most", "whole process", "in-process", "validation only: whole", "in-process"]
    names = {
        "csv": "CSV / Polars parses only",
        "parquet": "Parquet / Polars decodes only",
        "csv.gz": "csv.gz / zlib only",
    }
    rows = []
    for kind, measured in results["limits"].items():
        full, rules = measured["ratios"]["ours"], measured["ratios"]["validation"]
        most = AT_MOST[kind]
        cells = [_met(full["whole"], most, most=True), _x(full["within"]), _x(rules["whole"]), _x(rules["within"])]
        rows.append([names[kind], f"{most:g}", *cells])
    if "writing" in results:
        ratios = results["writing"]["ratios"]
        rows.append(["writing typed Parquet too / not", "-", _x(ratios["whole"]), _x(ratios["within"]), "-", "-"])
    return table(head, rows) + "\nOurs is the whole work: rules, profile and drift.\n"


def growth(results: Results) -> str:
    """Time and memory by rows."""
    sizes = [str(size) for size in results["sizes"]]
    head = ["rows", *(f"{int(size):,}" for size in sizes), "last / first", "asked, at most"]
    text = ""
    for kind, measured in results["growth"].items():
        text += f"{kind}\n\n"
        if "reason" in measured:
            text += f"```\n{measured['reason']}\n```\nUnbounded, the peak was {measured['peak'] / 1e9:.2f} GB.\n\n"
            continue
        each = measured["sizes"]
        times = int(sizes[-1]) / int(sizes[0])
        rows = []
        for title, metric, ratio in (("whole process, s", "wall", "whole"), ("in-process, s", "seconds", "within")):
            asked = f"{times:g}"
            got = _met(measured["ratios"][ratio], times, most=True)
            rows.append([title, *(f"{each[size][metric]:.2f}" for size in sizes), got, asked])
        peaks = [f"{each[size]['peak'] / 1e9:.2f}" for size in sizes]
        rows.append(["peak memory, GB", *peaks, _x(measured["ratios"]["peak"]), f"{PEAK / 1e9:.1f} GB, enforced"])
        text += table(head, rows) + "\n"
    return text


def imports(results: Results) -> str:
    """Import times and package sizes."""
    measured, package = results["imports"], results.get("package", {"reason": ""})
    rows = []
    if "reason" in package:
        size = "not measured"
    else:
        both = package["function"] + package["layers"]
        size = f"{_met(both / 1e6, 220, most=True, unit=' MB')} (function {package['function'] / 1e6:.1f})"
    ours = measured["ours"]["seconds"]
    rows.append(["the validation handler", _met(ours, 0.45, most=True, unit=" s"), size])
    for name, peer in PEERS.items():
        if name in measured:
            size = f"{results['peers'][name]['size'] / 1e6:.0f} MB"
            rows.append([peer.title, f"{measured[name]['seconds']:.2f} s", size])
    head = ["", "import", "unzipped"]
    sentence = (
        "Asked of ours: at most 0.45 s and 220 MB. Peers: all packages of their environment, without bytecode.\n\n"
    )
    return sentence + table(head, rows)


def seconds(results: Results) -> str:
    """The medians behind the ratios, and the columns called drifted by each."""
    head = [
        "against",
        "ours: whole, s",
        "in-process, s",
        "peak, MB",
        "peer: whole, s",
        "in-process, s",
        "peak, MB",
        "drifted",
    ]
    rows = []
    for line in COMPARISONS:
        measured = results["comparisons"].get(line.name)
        if measured is None or "reason" in measured:
            continue
        cells = [f"{PEERS[line.peer].title}: {line.title}"]
        for side in ("ours", "peer"):
            run = measured[side]
            cells += [f"{run['wall']:.2f}", f"{run['seconds']:.2f}", f"{run['peak'] / 1e6:.0f}"]
        found = measured["peer"]["result"].get("drifted")
        rows.append([*cells, "-" if found is None else f"{len(found)} of 20"])
    return table(head, rows)


def peers(results: Results) -> str:
    """The versions of the peers and of their Pythons."""
    rows = [
        [told["title"], told["version"] or "-", told["python_version"] or "-", told["reason"] or "measured"]
        for told in results["peers"].values()
    ]
    return table(["peer", "version", "Python", ""], rows)


def _x(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def _met(ratio: float, asked: float | None, most: bool = False, unit: str = "") -> str:
    """The ratio, marked if it misses its target."""
    text = _x(ratio) + unit
    if asked is None:
        return text
    met = ratio <= asked if most else ratio >= asked
    return f"**{text}**" if met else f"{text} (not met)"
