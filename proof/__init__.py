"""Proofs beyond the suite: on a real AWS account, and by the real CDK command line on another emulator."""


class ProofError(Exception):
    """A step of a proof failed; the message says which and how."""
