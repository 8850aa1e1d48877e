"""One check of `doctor`, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import PapertapeError, SystemFault

OK, NOTE, FAULT = "ok", "note", "fault"


@dataclass(frozen=True, slots=True)
class Check:
    """One check's outcome: `ok`, a `note` worth knowing, or a `fault` with its error code and the class of its error.

    `findings` are single things that are wrong, where there can be many.
    """

    name: str
    status: str
    detail: str
    hint: str = ""
    code: str = ""
    findings: tuple[str, ...] = ()
    kind: type[PapertapeError] = SystemFault

    @classmethod
    def of(cls, name: str, error: PapertapeError) -> Check:
        """A check that ended in an error."""
        return cls(name, FAULT, error.message, error.hint, error.code, kind=type(error))

    def document(self) -> dict[str, Any]:
        """As JSON has it, without what is empty."""
        said = {"name": self.name, "status": self.status, "detail": self.detail, "hint": self.hint, "code": self.code}
        said["findings"] = list(self.findings)
        return {name: value for name, value in said.items() if value}

    def error(self, details: Mapping[str, Any]) -> PapertapeError:
        """The fault, as the command ends with it."""
        return self.kind(self.code, f"{self.name}: {self.detail}", hint=self.hint, details=details)
