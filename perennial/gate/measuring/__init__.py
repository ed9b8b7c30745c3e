"""Predictions in, figures with intervals out. NumPy and scikit-learn: it runs in the training container."""
