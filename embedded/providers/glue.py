"""Databases and tables of the Glue catalogue. They are stored; Athena's queries are not emulated."""

from collections import Counter
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from embedded.providers.provider import Platform, PutProvider, Request, Resource

_LONGEST = 255


class Database(PutProvider):
    """AWS::Glue::Database."""

    type = "AWS::Glue::Database"
    honoured = frozenset({"CatalogId", "DatabaseInput"})
    ignored: ClassVar[dict[str, str]] = {"DatabaseName": "the name in DatabaseInput is used"}
    updatable = frozenset({"DatabaseInput"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Creates or replaces the database; Ref is its name."""
        _check_catalogue(platform, request)
        given = dict(request.properties["DatabaseInput"])
        name = _name(request, given)
        glue = platform.clients("glue")
        try:
            glue.create_database(DatabaseInput=given)
        except glue.exceptions.AlreadyExistsException:
            glue.update_database(Name=name, DatabaseInput=given)
        return Resource(name)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the database with its tables, as Glue does."""
        _unless_missing(platform.clients("glue").delete_database, Name=resource.physical_id)


class Table(PutProvider):
    """AWS::Glue::Table."""

    type = "AWS::Glue::Table"
    honoured = frozenset({"CatalogId", "DatabaseName", "TableInput"})
    updatable = frozenset({"TableInput"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Creates or replaces the table; Ref is its name."""
        _check_catalogue(platform, request)
        given = dict(request.properties["TableInput"])
        name = _name(request, given)
        _check_columns(request, given)
        glue, database = platform.clients("glue"), request.properties["DatabaseName"]
        try:
            glue.create_table(DatabaseName=database, TableInput=given)
        except glue.exceptions.AlreadyExistsException:
            glue.update_table(DatabaseName=database, TableInput=given)
        return Resource(name)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the table."""
        database = request.properties["DatabaseName"]
        _unless_missing(platform.clients("glue").delete_table, DatabaseName=database, Name=resource.physical_id)


def _check_catalogue(platform: Platform, request: Request) -> None:
    if str(request.get("CatalogId")) != platform.context.account_id:
        raise request.error("CatalogId must be the id of this account")


def _name(request: Request, given: dict[str, Any]) -> str:
    """The name, which Glue keeps in lower case; another one would differ from what CloudFormation refers to."""
    name = str(given.get("Name") or request.name(_LONGEST, lower=True).replace("-", "_"))
    if name != name.lower():
        raise request.error(f"the name '{name}' has capital letters; Glue keeps names in lower case")
    given["Name"] = name
    return name


def _check_columns(request: Request, given: dict[str, Any]) -> None:
    """Raises DeployError for columns that Athena could not tell apart."""
    columns = [*given.get("StorageDescriptor", {}).get("Columns", []), *given.get("PartitionKeys", [])]
    repeated = [name for name, count in Counter(column["Name"].lower() for column in columns).items() if count > 1]
    if repeated:
        raise request.error(f"the column '{repeated[0]}' is there twice; Athena would refuse every query")


def _unless_missing(delete: Any, **named: str) -> None:
    try:
        delete(**named)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise


PROVIDERS = (Database, Table)
