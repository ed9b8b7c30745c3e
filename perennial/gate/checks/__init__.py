"""The questions the gate asks of the figures. Pure Python: the deciding function runs without NumPy."""
