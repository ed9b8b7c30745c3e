"""Permissions of calls to the Glue catalogue. A call needs its action on the catalogue, the database and the table.

See https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html.
"""

from collections.abc import Iterable

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table


def _needs(action: str, *, table: bool) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        yield Access(f"glue:{action}", place.arn("glue", "catalog", ""))
        named = parameters.get("DatabaseInput") or {}
        database = str(parameters.get("DatabaseName") or parameters.get("Name") or named.get("Name") or "")
        if database:
            yield Access(f"glue:{action}", place.arn("glue", "database/", database))
        if table:
            name = str((parameters.get("TableInput") or {}).get("Name") or parameters.get("Name") or "*")
            yield Access(f"glue:{action}", place.arn("glue", "table/", f"{database}/{name}"))

    return need


GLUE: Table = {
    **{f"{verb}Database": _needs(f"{verb}Database", table=False) for verb in ("Create", "Update", "Delete", "Get")},
    **{f"{verb}Table": _needs(f"{verb}Table", table=True) for verb in ("Create", "Update", "Delete", "Get")},
    "GetDatabases": _needs("GetDatabases", table=False),
    "GetTables": _needs("GetTables", table=True),
}
