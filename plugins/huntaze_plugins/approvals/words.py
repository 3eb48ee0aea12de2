"""Translation and small texts of the page."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLocale

from huntaze_desktop.sdk import ComplianceFinding, MachineShare


def tr(text: str) -> str:
    """A text of this page in the reader's language."""
    return QCoreApplication.translate("Approvals", text)


def span_text(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h`, `2 d`: how long, in the largest whole unit."""
    seconds = max(0.0, seconds)
    for unit, name in ((86_400, tr("{0} d")), (3_600, tr("{0} h")), (60, tr("{0} min"))):
        if seconds >= unit:
            return name.format(int(seconds // unit))
    return tr("{0} s").format(int(seconds))


def since(at: datetime, now: datetime) -> str:
    return span_text((now - at).total_seconds())


def share_text(ai: MachineShare | None) -> str:
    """How much of a text a machine wrote, and which: `AI 94%, A Large`."""
    if ai is None:
        return tr("Written by a person")
    gap = "\u202f" if QLocale().language() == QLocale.Language.French else ""
    told = tr("AI {0}, {1}").format(f"{round(ai.ai_share * 100)}{gap}%", ai.model)
    return tr("{0}, edited").format(told) if ai.edited else told


def reason_of(found: ComplianceFinding) -> str:
    """What a rule minds, in the reader's language where the rule has it."""
    french = QLocale().language() == QLocale.Language.French
    return tr("“{0}”: {1}").format(found.matched, found.reason.fr if french else found.reason.en)
