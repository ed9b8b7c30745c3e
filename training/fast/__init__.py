"""The fast path: a model written without scikit-learn, used if its predictions are equal."""
