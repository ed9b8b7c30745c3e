"""May a candidate serve? Predictions in, figures out (`measuring`); figures in, Decision out (`decision`).

Nothing is imported here: a spec asks for the names of metrics alone, and `measuring` alone needs numpy.
"""
