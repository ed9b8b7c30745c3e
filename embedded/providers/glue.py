"""Databases and tables of the Glue catalogue. They are stored; Athena's queries are not emulated."""

from collections import Counter
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from embedded.providers.provider import Platform, Provider, Request, Resource

_LONGEST = 255


class Database(Provider):
    """AWS::Glue::Database."""

    type = "AWS::Glue::Database"
    honoured = frozenset({"CatalogId", "DatabaseInput"})
    ignored: ClassVar[dict[str, str]] = {"DatabaseName": "the name in DatabaseInput is used"}
    updatable = frozenset({"DatabaseInput"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the database; Ref is its name."""
        given = _input(platform, request, "DatabaseInput")
        platform.clients("glue").create_database(DatabaseInput=given)
        return Resource(given["Name"])

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Replaces the description and the like; a database keeps its name."""
        given = _input(platform, request, "DatabaseInput", resource.physical_id)
        platform.clients("glue").update_database(Name=resource.physical_id, DatabaseInput=given)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the database with its tables, as Glue does."""
        _unless_missing(platform.clients("glue").delete_database, Name=resource.physical_id)


class Table(Provider):
    """AWS::Glue::Table."""

    type = "AWS::Glue::Table"
    honoured = frozenset({"CatalogId", "DatabaseName", "TableInput"})
    updatable = frozenset({"TableInput"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the table; Ref is its name."""
        given = _table(platform, request)
        platform.clients("glue").create_table(DatabaseName=request.properties["DatabaseName"], TableInput=given)
        return Resource(given["Name"])

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Replaces columns and parameters; a table keeps its name."""
        given = _table(platform, request, resource.physical_id)
        platform.clients("glue").update_table(DatabaseName=request.properties["DatabaseName"], TableInput=given)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the table; its database may have been removed first."""
        database = request.properties["DatabaseName"]
        _unless_missing(platform.clients("glue").delete_table, DatabaseName=database, Name=resource.physical_id)


def _input(platform: Platform, request: Request, member: str, was: str = "") -> dict[str, Any]:
    """The input with its name. Glue keeps names in lower case: another one would differ from Ref."""
    if str(request.get("CatalogId")) != platform.context.account_id:
        raise request.error("CatalogId must be the id of this account")
    given = dict(request.properties[member])
    given["Name"] = str(given.get("Name") or request.name(_LONGEST, lower=True).replace("-", "_"))
    if given["Name"] != given["Name"].lower():
        raise request.error(f"the name '{given['Name']}' has capital letters; Glue keeps names in lower case")
    if was and given["Name"] != was:
        raise request.error(f"'{was}' cannot be renamed in place; run `perennial down`, then `perennial up`")
    return given


def _table(platform: Platform, request: Request, was: str = "") -> dict[str, Any]:
    """The input of a table. Raises DeployError for columns that Athena could not tell apart."""
    given = _input(platform, request, "TableInput", was)
    columns = [*given.get("StorageDescriptor", {}).get("Columns", []), *given.get("PartitionKeys", [])]
    repeated = [name for name, count in Counter(column["Name"].lower() for column in columns).items() if count > 1]
    if repeated:
        raise request.error(f"the column '{repeated[0]}' is there twice; Athena would refuse every query")
    return given


def _unless_missing(delete: Any, **named: str) -> None:
    try:
        delete(**named)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise


PROVIDERS = (Database, Table)
