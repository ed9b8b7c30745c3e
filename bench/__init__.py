"""Measurements, each a module that is run on its own; they are not part of the tests."""
