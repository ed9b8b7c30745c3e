"""Lists of versions: their cost does not grow with the contents of the bucket."""

import gc
import tracemalloc

from tests.embedded.conftest import World

SIZE = 16 << 20


def test_a_list_of_versions_copies_no_content(world: World) -> None:
    s3 = world.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    contents = [bytes([number]) * SIZE for number in range(2)]
    for content in contents:
        s3.put_object(Bucket="versions", Key="large", Body=content)
    tracemalloc.start()
    try:
        listed = [s3.list_object_versions(Bucket="versions")["Versions"] for _ in range(3)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < SIZE
    gc.collect()
    for version, content in zip(listed[0], reversed(contents), strict=True):
        found = s3.get_object(Bucket="versions", Key="large", VersionId=version["VersionId"])
        assert (version["Size"], found["Body"].read()) == (SIZE, content)
