"""What a training job leaves for monitoring: estimates of performance without labels, and figures of seasons.

It needs NumPy, and neither Polars nor pandas: the training job writes it, a Lambda function reads it.
"""
