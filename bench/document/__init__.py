"""docs/benchmarks.md, generated from the measurements."""

from bench.document.page import page

__all__ = ["page"]
