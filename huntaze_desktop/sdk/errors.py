"""What can go wrong at the plugin's door. `text` is fit for a person: what happened, what is safe, what to do.

SdkError
+-- OfflineError     the backend cannot be reached; nothing was changed
+-- BackendError     the backend refused; `code` is its stable problem code
"""

from huntaze_contract.compliance import Finding


class SdkError(Exception):
    """Base of all errors raised through the plugin's door."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class OfflineError(SdkError):
    """The action needs the backend, and it cannot be reached. Nothing was changed."""


class BackendError(SdkError):
    """The backend refused the action. Nothing was changed."""

    def __init__(
        self, text: str, code: str, trace_id: str | None = None, *, findings: tuple[Finding, ...] = ()
    ) -> None:
        super().__init__(text)
        self.code = code
        self.trace_id = trace_id
        self.findings = findings
        """With the code COMPLIANCE_BLOCKED: what in the text may not go out, where and why."""
