"""The domain: specs, validation, profiles, drift, gate, lineage, reports, monitoring. No AWS, clock or environment."""


class PerennialError(Exception):
    """An error that states what happened, where and why; `hint` is the next command, or ''."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        if not self.hint:
            return self.message
        return f"{self.message}{'' if self.message.endswith('.') else ';'} next: {self.hint}"
