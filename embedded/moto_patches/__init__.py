"""Every place where the embedded cloud replaces a part of moto 5.2.5; one module per part, one contract test per place.

`patches.Patches` makes each replacement, fails loudly when the part is not there, and takes it back at the cloud's end.
"""
