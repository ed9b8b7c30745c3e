"""The fast path: a model written down without scikit-learn, and kept if it says the same."""
