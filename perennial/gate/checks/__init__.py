"""The gate checks. Pure Python: the function that decides runs without NumPy."""
