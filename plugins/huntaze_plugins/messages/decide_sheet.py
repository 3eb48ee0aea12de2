"""Decides about a message of which nobody knows whether it arrived: what was tried, what the platform shows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import AttemptSeen, Candidate, Evidence, SdkError, Verdict
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.choice import Choice
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import IconLabel, Paragraph, SectionHeader
from huntaze_desktop.ui_kit.progress import Spinner
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.review_sheet import TextBox, moment
from huntaze_plugins.messages.words import first_name, tr


def attempt_text(attempt: AttemptSeen, now: datetime) -> str:
    """One attempt in plain words: `Attempt 2, 14:20: no answer came, so it may have arrived`."""
    outcome = {
        "sent": tr("the platform took it"),
        "refused": tr("the platform refused it"),
        "not_executed": tr("it did not reach the platform"),
        "throttled": tr("the platform asked to wait"),
        "ambiguous": tr("no answer came, so it may have arrived"),
        None: tr("no answer yet"),
    }.get(attempt.outcome, tr("its outcome is not known"))
    return tr("Attempt {0}, {1}: {2}").format(attempt.no, moment(attempt.started_at, now), outcome)


class DecideSheet(Dialog):
    """Lists the platform and waits for a verdict; none of the three is chosen beforehand."""

    def __init__(
        self,
        theme: ThemeManager,
        window: QWidget,
        text: str,
        fan_name: str,
        now: Callable[[], datetime],
        spawn: Callable[..., None],
        evidence: Callable[[], Coroutine[Any, Any, Evidence]],
        decide: Callable[[Verdict, str | None], object],
    ) -> None:
        super().__init__(theme, window, tr("Was it sent?"), close_name=tr("Close"), width=600)
        self.setObjectName("messages.decide")
        self._now = now
        self._spawn = spawn
        self._evidence = evidence
        self._decide = decide
        self._closed = False
        self.closed.connect(self._on_closed)
        told = tr("Nobody could confirm that this message reached {0}. Compare with the platform, then decide.")
        self.body.addWidget(Paragraph(theme, told.format(first_name(fan_name))))
        self.body.addWidget(TextBox(theme, text))
        self._tried = QVBoxLayout()
        self._tried.setSpacing(2)
        self.body.addLayout(self._tried)
        self.body.addWidget(SectionHeader(theme, tr("On the platform now")))
        self._found = QVBoxLayout()
        self._found.setSpacing(6)
        self.body.addLayout(self._found)
        self.body.addWidget(SectionHeader(theme, tr("Your decision")))
        self._verdicts = QButtonGroup(self)
        self.sent = self._verdict(tr("It was sent"), tr("It counts as delivered. Nothing more is sent."), "sent")
        again = tr("It goes once more. If it did arrive after all, {0} gets it twice.").format(first_name(fan_name))
        self.again = self._verdict(tr("It was not sent: send it again"), again, "again")
        given_up = tr("Nothing more is sent. It stays here as not sent.")
        self.give_up = self._verdict(tr("It was not sent: give it up"), given_up, "give_up")
        self._candidates = QButtonGroup(self)
        self._candidates.setExclusive(True)
        self._platform_ids: dict[int, str] = {}
        self.body.addStretch(1)
        cancel = self.add_button(tr("Decide later"), kind="ghost", object_name="messages.decide.later")
        cancel.clicked.connect(self.close_dialog)
        self.ok = self.add_button(tr("Decide"), kind="primary", object_name="messages.decide.ok")
        self.ok.clicked.connect(self._take)
        self._verdicts.buttonToggled.connect(lambda _button, _on: self._check())
        self._check()
        self._cancel = cancel

    def _verdict(self, title: str, detail: str, name: str) -> Choice:
        choice = Choice(self._theme, title, detail)
        choice.setObjectName(f"messages.decide.{name}")
        self._verdicts.addButton(choice)
        self.body.addWidget(choice)
        return choice

    def begin(self) -> None:
        """Open, and list the platform."""
        self.open(self._cancel)
        self.look()

    def look(self) -> None:
        """Ask again what the platform shows."""
        self._clear(self._found)
        waiting = QHBoxLayout()
        waiting.setSpacing(8)
        box = QWidget()
        box.setLayout(waiting)
        waiting.setContentsMargins(0, 0, 0, 0)
        waiting.addWidget(Spinner(self._theme, tr("Reading the platform"), size=14, role="text2"))
        waiting.addWidget(Paragraph(self._theme, tr("Reading the platform…"), style="small", role="text2"), 1)
        self._found.addWidget(box)
        self._spawn(self._look(), on_error=self._not_listed)

    async def _look(self) -> None:
        evidence = await self._evidence()
        if not self._closed:
            self._show(evidence)

    def _show(self, evidence: Evidence) -> None:
        now = self._now()
        self._clear(self._tried)
        if evidence.attempts:
            self._tried.addWidget(SectionHeader(self._theme, tr("What was tried"), len(evidence.attempts)))
        for attempt in evidence.attempts:
            self._tried.addWidget(Paragraph(self._theme, attempt_text(attempt, now), style="small", role="text2"))
        self._clear(self._found)
        if evidence.trouble is not None:
            self._say_trouble(tr("The platform could not be read: {0}").format(evidence.trouble))
            return
        for candidate in evidence.candidates:
            self._add_candidate(candidate, now)
        if not evidence.candidates:
            told = tr("It shows no message of ours that was not there before.")
            self._found.addWidget(Paragraph(self._theme, told))
        self._add_mark(complete=evidence.complete, at=moment(evidence.listed_at, now))

    def _add_candidate(self, candidate: Candidate, now: datetime) -> None:
        marks = [moment(candidate.at, now)]
        if candidate.same_text:
            marks.append(tr("the same text"))
        if candidate.taken:
            marks.append(tr("known to be another message of ours"))
        choice = Choice(self._theme, candidate.text, " · ".join(marks))
        choice.setObjectName("messages.decide.candidate")
        choice.setEnabled(not candidate.taken)
        self._candidates.addButton(choice)
        self._platform_ids[self._candidates.id(choice)] = candidate.platform_id
        choice.clicked.connect(self._on_candidate)
        self._found.addWidget(choice)

    def _on_candidate(self) -> None:
        # Who points at the message says that it was sent.
        self.sent.setChecked(True)
        self._check()

    def _add_mark(self, *, complete: bool, at: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.setContentsMargins(0, 0, 0, 0)
        box = QWidget()
        box.setLayout(row)
        icon, role = ("circle-check", "successText") if complete else ("triangle-alert", "warningText")
        told = (
            tr("The listing of {0} is complete: what it does not show is not there.")
            if complete
            else tr("The listing of {0} is not complete: what it does not show may still be there.")
        )
        row.addWidget(IconLabel(self._theme, icon, 15, role))  # type: ignore[arg-type]  # both are roles
        row.addWidget(Paragraph(self._theme, told.format(at), style="small", role=role), 1)  # type: ignore[arg-type]
        self._found.addWidget(box)

    def _not_listed(self, error: Exception) -> None:
        if not self._closed:
            self._clear(self._found)
            self._say_trouble(error.text if isinstance(error, SdkError) else str(error))

    def _say_trouble(self, text: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.setContentsMargins(0, 0, 0, 0)
        box = QWidget()
        box.setLayout(row)
        row.addWidget(IconLabel(self._theme, "circle-alert", 15, "dangerText"))
        row.addWidget(Paragraph(self._theme, text, style="small", role="dangerText"), 1)
        again = Button(self._theme, tr("Try again"), size=28, icon="refresh-cw")
        again.setObjectName("messages.decide.retry")
        again.clicked.connect(self.look)
        row.addWidget(again)
        self._found.addWidget(box)

    def _clear(self, column: QVBoxLayout) -> None:
        while (item := column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _check(self) -> None:
        if not self.sent.isChecked():
            self._forget_candidate()
        if self._verdicts.checkedButton() is None:
            explain_disabled(self.ok, tr("Choose one of the three first"))
        else:
            explain_enabled(self.ok)

    def _forget_candidate(self) -> None:
        checked = self._candidates.checkedButton()
        if checked is not None:
            self._candidates.setExclusive(False)
            checked.setChecked(False)
            self._candidates.setExclusive(True)

    def _take(self) -> None:
        platform_id = self._platform_ids.get(self._candidates.checkedId())
        verdict: Verdict = "not_sent_give_up"
        if self.sent.isChecked():
            verdict = "sent"
        elif self.again.isChecked():
            verdict = "not_sent_send_again"
        self.close_dialog()
        self._decide(verdict, platform_id if verdict == "sent" else None)

    def _on_closed(self) -> None:
        self._closed = True
