"""The quality gate: `measuring` computes metrics from predictions; `decision` makes a Decision from the metrics.

This module imports nothing: a spec needs the metric names only, and only `measuring` needs NumPy.
"""
