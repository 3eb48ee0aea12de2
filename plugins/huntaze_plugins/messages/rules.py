"""What the agency's rules say of the text that is being written: marked in it, and told in words above it.

The check is pure and quick for an ordinary message (0.3 ms for 100 characters), so it runs here when the keys rest for
a moment. A long text takes tens of milliseconds and is checked on another thread; Send waits for no thread and looks
itself. It works offline. The server has the last word all the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QLocale, QObject, QRunnable, QThreadPool, QTimer, Signal
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit, QVBoxLayout, QWidget

from huntaze_desktop.sdk import ComplianceFinding, ComplianceTier, ComplianceVerdict
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.strip import Strip
from huntaze_plugins.messages.words import tr

LOOK_AFTER_MS = 120
LONG = 500
"""Characters from which a check takes more than a millisecond or two, measured."""

Check = Callable[[str], ComplianceVerdict]

_STRICTEST = {ComplianceTier.BLOCK: 0, ComplianceTier.REPLACE: 1, ComplianceTier.WARN: 2}


class _Checked(QObject):
    """Brings an answer back to the GUI thread."""

    done = Signal(int, object)


class _Job(QRunnable):
    def __init__(self, number: int, text: str, check: Check, checked: _Checked) -> None:
        super().__init__()
        self._number, self._text, self._check, self._checked = number, text, check, checked

    def run(self) -> None:
        verdict = self._check(self._text)
        # The window may have been closed meanwhile, and the object with it.
        with contextlib.suppress(RuntimeError):
            self._checked.done.emit(self._number, verdict)


class RuleStrip(QWidget):
    """Marks findings in the editor and tells the strictest one, with what can be done about it."""

    changed = Signal()

    def __init__(self, theme: ThemeManager, editor: QTextEdit) -> None:
        super().__init__()
        self._theme = theme
        self._editor = editor
        self._check: Check | None = None
        self._verdict: ComplianceVerdict | None = None
        self._looked_at = ""
        self._asked = 0
        """Number of the last look: an answer to an earlier one is about another text."""
        self._checked = _Checked(self)
        self._checked.done.connect(self._on_checked)
        self._refused = ""
        """A text that the server refused for rules that are not known here, with the sentence to show."""
        self._refused_why = ""
        self.strip = Strip(theme)
        self.strip.setObjectName("messages.rules")
        self.fix = self.strip.add_button("", self._fix, object_name="messages.rules.fix")
        self.next = self.strip.add_button(tr("Next"), self._select_next, object_name="messages.rules.next")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.strip)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(LOOK_AFTER_MS)
        self._wait.timeout.connect(self._look_aside)
        theme.changed.connect(self._mark)
        self.hide()

    def set_check(self, check: Check | None) -> None:
        """The rules that count for the conversation that is open, or newer ones."""
        self._check = check
        self._looked_at = ""
        self.look()

    def look_soon(self) -> None:
        """The text changed."""
        if self._refused and self._editor.toPlainText() != self._refused:
            self._refused = ""
        if self._editor.document().isEmpty():
            self.look()
        else:
            self._wait.start()

    def look(self) -> None:
        """Check what stands in the field now."""
        self._wait.stop()
        text = self._editor.toPlainText()
        if text == self._looked_at and self._verdict is not None:
            return
        self._asked += 1
        self._show(text, self._check(text) if self._check is not None and text.strip() else None)

    def _look_aside(self) -> None:
        """The same, on another thread where it takes long."""
        text = self._editor.toPlainText()
        if len(text) < LONG or self._check is None or text == self._looked_at:
            self.look()
            return
        self._asked += 1
        QThreadPool.globalInstance().start(_Job(self._asked, text, self._check, self._checked))

    def _on_checked(self, number: int, verdict: ComplianceVerdict) -> None:
        text = self._editor.toPlainText()
        if number == self._asked and not self._wait.isActive():
            self._show(text, verdict)

    def _show(self, text: str, verdict: ComplianceVerdict | None) -> None:
        self._looked_at, self._verdict = text, verdict
        self._mark()
        self._tell()
        self.changed.emit()

    def server_refused(self, text: str, why: str) -> None:
        """The server did not take this text; where the rules here mind nothing in it, its sentence is shown."""
        self._refused, self._refused_why = text, why
        self._looked_at = ""
        self.look()

    def server_found(self, text: str, findings: tuple[ComplianceFinding, ...], before: int) -> None:
        """What the server minded in a text, `before` characters into the field's; what is known here comes first."""
        if not findings or text != self._refused or self._editor.toPlainText() != text or self.findings:
            return
        moved = tuple(replace(one, start=one.start + before, end=one.end + before) for one in findings)
        self._show(text, ComplianceVerdict(moved, text))

    @property
    def findings(self) -> tuple[ComplianceFinding, ...]:
        return self._verdict.findings if self._verdict is not None else ()

    @property
    def refusal(self) -> str:
        """Why this very text may not be sent; empty when it may, with or without a warning."""
        worst = self._worst()
        if worst is None or worst.tier is ComplianceTier.WARN:
            return ""
        if worst.tier is ComplianceTier.REPLACE:
            return tr("Use “{0}” for “{1}” first").format(worst.replacement or "", worst.matched)
        return tr("“{0}” cannot be sent. {1} Take it out to send the rest.").format(worst.matched, reason_of(worst))

    def _worst(self) -> ComplianceFinding | None:
        return min(self.findings, key=lambda one: (_STRICTEST[one.tier], one.start), default=None)

    def _tell(self) -> None:
        worst = self._worst()
        if worst is None:
            self.strip.say("danger", self._refused_why if self._refused else "", icon="shield-alert")
            self.fix.hide()
            self.next.hide()
            self.setVisible(bool(self._refused))
            return
        more = len(self.findings) - 1
        told = tr("“{0}”: {1}").format(worst.matched, reason_of(worst))
        if worst.tier is ComplianceTier.BLOCK:
            told = tr("Cannot be sent: {0}").format(told)
        if more:
            told = f"{told} {tr('{0} more.').format(more)}"
        self.strip.say("danger" if worst.tier is ComplianceTier.BLOCK else "warning", told, icon="shield-alert")
        self.fix.setVisible(worst.replacement is not None)
        self.fix.set_label(tr("Use “{0}”").format(worst.replacement or ""))
        self.next.setVisible(bool(more) or worst.tier is ComplianceTier.BLOCK)
        self.next.set_label(tr("Next") if more else tr("Show"))
        self.show()

    def _mark(self) -> None:
        """Underline in waves, red where it stops the message; not through the text's own format, nor its undo."""
        theme = self._theme.theme
        text = self._looked_at
        marks = []
        for found in self.findings:
            if found.end <= found.start:
                continue
            mark = QTextEdit.ExtraSelection()
            form = QTextCharFormat()
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            form.setUnderlineColor(theme.color("danger" if found.tier is ComplianceTier.BLOCK else "warning"))
            mark.format = form
            mark.cursor = self._cursor(text, found)
            marks.append(mark)
        self._editor.setExtraSelections(marks)

    def _cursor(self, text: str, found: ComplianceFinding) -> QTextCursor:
        cursor = QTextCursor(self._editor.document())
        cursor.setPosition(_units(text, found.start))
        cursor.setPosition(_units(text, found.end), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _fix(self) -> None:
        """Write the rule's own word in place of the one it minds; Ctrl+Z takes it back."""
        worst = self._worst()
        if worst is not None and worst.replacement is not None and self._editor.toPlainText() == self._looked_at:
            self._cursor(self._looked_at, worst).insertText(worst.replacement)
            self.look()
            self._editor.setFocus()

    def _select_next(self) -> None:
        """Select the next place that a rule minds, so that typing replaces it."""
        places = [one for one in self.findings if one.end > one.start]
        if not places or self._editor.toPlainText() != self._looked_at:
            return
        here = self._editor.textCursor().selectionEnd()
        after = next((one for one in places if _units(self._looked_at, one.start) >= here), places[0])
        self._editor.setTextCursor(self._cursor(self._looked_at, after))
        self._editor.setFocus()


def reason_of(found: ComplianceFinding) -> str:
    """Why, in the reader's language where the rule has it."""
    french = QLocale().language() == QLocale.Language.French
    return found.reason.fr if french else found.reason.en


def _units(text: str, points: int) -> int:
    """Qt counts UTF-16 units, a rule counts code points: an emoji is two of the one and one of the other."""
    return len(text[:points].encode("utf-16-le")) // 2
