"""The tables of the models' traffic in the Glue catalogue, where Athena finds them.

Their days are projected from the calendar, so that no crawler runs and a new day is there at once.
"""

from aws_cdk import Aws
from aws_cdk import aws_glue as glue
from constructs import Construct

from perennial.contract.observed import DAY
from perennial.layout import table
from stacks.models import Columns, Models
from stacks.settings import Settings
from stacks.stores import Store

FIRST_DAY = "2024-01-01"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class Tables(Construct):
    """One database, and for each model a table of requests, of what could not be read, and of labels."""

    def __init__(self, scope: Construct, id: str, *, traffic: Store, models: Models, settings: Settings) -> None:
        super().__init__(scope, id)
        self._bucket = traffic.bucket.bucket_name
        environment = settings.environment
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=environment.database, description=f"{environment.title}: the traffic of the models"
            ),
        )
        for name, model in sorted(models.items()):
            for kind, columns in model.tables.items():
                self._table(name, kind, columns, environment.table(name, kind))

    def _table(self, model: str, kind: str, columns: Columns, name: str) -> None:
        location = f"s3://{self._bucket}/{table(kind, model)}"
        glue.CfnTable(
            self,
            "".join(word.title() for word in f"{model}-{kind}".split("-")),
            catalog_id=Aws.ACCOUNT_ID,
            database_name=self.database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                table_type="EXTERNAL_TABLE",
                parameters=_projection(location),
                partition_keys=[glue.CfnTable.ColumnProperty(name=DAY, type="date")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[glue.CfnTable.ColumnProperty(name=column, type=type_) for column, type_ in columns],
                    location=location,
                    input_format=f"{PARQUET}.MapredParquetInputFormat",
                    output_format=f"{PARQUET}.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=f"{PARQUET}.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )


def _projection(location: str) -> dict[str, str]:
    """Parameters of the table: a folder for each day, from FIRST_DAY to today."""
    return {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        f"projection.{DAY}.type": "date",
        f"projection.{DAY}.format": "yyyy-MM-dd",
        f"projection.{DAY}.range": f"{FIRST_DAY},NOW",
        f"projection.{DAY}.interval": "1",
        f"projection.{DAY}.interval.unit": "DAYS",
        "storage.location.template": f"{location}${{{DAY}}}/",
    }
