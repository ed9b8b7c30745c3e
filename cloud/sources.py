"""The source of training jobs, kept beside the models: a deployment during a run changes nothing for that run.

The archive of a deployment lies among the CDK's assets. A later deployment may take it, or the right to read it, away.
"""

from __future__ import annotations

from cloud import s3
from cloud.platform import Platform
from perennial import layout


def keep(platform: Platform) -> str:
    """Copies the source of this deployment to its place under its digest, unless it is there; returns the digest."""
    key = layout.training_source(platform.code_digest)
    try:
        s3.head(platform.models_bucket, key)
    except s3.MissingObjectError:
        bucket, _, name = platform.code_uri.removeprefix("s3://").partition("/")
        s3.copy((bucket, name, None), platform.models_bucket, key)
    return platform.code_digest
