"""Replacements of parts of moto 5.2.5; each has a contract test.

`patches.Patches` makes each replacement, raises when the part is missing, and undoes it when the cloud stops.
"""
