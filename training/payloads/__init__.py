"""Rows as they come over the wire, by the contract of the model, and predictions as they go back."""
