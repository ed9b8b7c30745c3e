"""The output of a training job for monitoring: estimates of performance without labels, and metrics of seasons.

It needs NumPy, and neither Polars nor pandas: the training job writes it, a Lambda function reads it.
"""
