"""Instance families by their processor: an image for x86 does not start on Arm."""

# Graviton and Grace. A family is in one of the two sets; a test fails for one that a newer service model adds.
ARM = frozenset(
    {"c6g", "c6gd", "c6gn", "c7g", "c8g", "m6g", "m6gd", "m8g", "p6e-gb200", "r6g", "r6gd", "r7gd", "r8g"}
)  # fmt: skip
X86 = frozenset(
    {
        "c4", "c5", "c5d", "c5n", "c6i", "c6in", "c7i", "c7i-flex", "c8i", "c8i-flex", "dl1", "g4dn", "g5", "g6", "g6e",
        "g7", "g7e", "inf1", "inf2", "m4", "m5", "m5d", "m6i", "m7i", "m7i-flex", "m8i", "m8i-flex", "p2", "p3", "p3dn",
        "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "r5", "r5d", "r6i", "r7i", "r8i", "r8i-flex", "t2",
        "t3", "trn1", "trn1n", "trn2",
    }
)  # fmt: skip
_X86_IMAGE = "/sagemaker-scikit-learn:"


def family(instance: str) -> str:
    """The family of an instance type: m5 of ml.m5.large."""
    return instance.split(".")[1] if instance.count(".") == 2 else instance


def starts(image: str, instance: str) -> bool:
    """True if an image runs on an instance type. An image that is not restricted to x86 runs on any type."""
    return _X86_IMAGE not in image or family(instance) in X86
