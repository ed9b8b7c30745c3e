"""Drafts and models of public tables that nobody prepared, beside two baselines on the same rows."""
