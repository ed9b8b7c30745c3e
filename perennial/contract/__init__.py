"""The contract of a model: its columns, row rules, gate, drift thresholds and training plan, each defined once.

Frozen dataclasses of the standard library. perennial.spec checks them with pydantic where a YAML file is read; the
functions, the training job and the server read them from JSON with perennial.contract.part alone.
"""
