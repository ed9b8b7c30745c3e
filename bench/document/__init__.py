"""docs/benchmarks.md from what was measured: no number in it is written by hand."""

from bench.document.page import page

__all__ = ["page"]
