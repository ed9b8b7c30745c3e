"""What all parts of a spec share: frozen, and unknown keys are refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Problem = Literal["binary", "multiclass", "regression"]
ColumnType = Literal["boolean", "integer", "number", "text", "category", "date", "datetime"]
Value = bool | int | float | str
Breach = Literal["quarantine", "refuse"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=32)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    # Validators are built once, for the whole spec, when one is first read
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def part(description: str | None = None, **values: Any) -> Any:
    """A field's default: a part with these values, read as if they stood in the spec.

    An instance would do, but its class would have to build validators of its own for it when it is imported.
    """
    return Field(values, validate_default=True, description=description)
