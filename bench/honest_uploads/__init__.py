"""Counts the honest uploads of public tables that ask a person because of a check on the uploader."""
