"""Measurements, each a module that is run by itself; never part of the tests."""
