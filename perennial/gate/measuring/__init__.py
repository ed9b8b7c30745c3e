"""Metrics with intervals, from predictions. Needs NumPy and SciPy; runs in the training container."""
