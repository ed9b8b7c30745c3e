"""The base class of errors with a message for people; the next command is a field of its own."""


class PerennialError(Exception):
    """An error that states what happened, where and why; `hint` is the next command, or ''."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        if not self.hint:
            return self.message
        return f"{self.message}{'' if self.message.endswith('.') else ';'} next: {self.hint}"
