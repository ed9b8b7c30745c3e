"""Reading cloud assemblies."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from embedded.assembly import AssemblyError, read_assembly
from tests.embedded.assemblies import template, write_assembly


def test_stacks_come_after_those_they_depend_on(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": template({}), "Platform": template({}), "Top": template({})})
    assert [stack.name for stack in read_assembly(tmp_path)] == ["Data", "Platform", "Top"]


def test_an_asset_knows_its_bucket_with_account_and_region_filled_in(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": template({})}, {"app.py": "x = 1\n"})
    (asset,) = read_assembly(tmp_path)[0].assets
    assert (asset.bucket, asset.key, asset.zipped) == ("assets-123456789012", "code.zip", True)


def test_a_directory_asset_is_zipped_alike_each_time_and_without_bytecode(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": template({})}, {"app.py": "x = 1\n"})
    cache = tmp_path / "asset.code" / "__pycache__"
    cache.mkdir()
    (cache / "app.pyc").write_bytes(b"bytecode")
    (asset,) = read_assembly(tmp_path)[0].assets
    assert asset.content() == asset.content()
    assert zipfile.ZipFile(io.BytesIO(asset.content())).namelist() == ["app.py"]


def test_a_directory_without_manifest_is_no_assembly(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match=r"no cloud assembly.*cdk synth"):
        read_assembly(tmp_path)


def test_container_images_are_refused_because_there_is_no_docker(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": template({})})
    (tmp_path / "Data.assets.json").write_text(json.dumps({"files": {}, "dockerImages": {"x": {}}}))
    with pytest.raises(AssemblyError, match="Docker"):
        read_assembly(tmp_path)


def test_stacks_that_depend_on_each_other_are_refused(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"A": template({}), "B": template({})})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"]["A"]["dependencies"].append("B")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AssemblyError, match="A, B depend on each other"):
        read_assembly(tmp_path)
