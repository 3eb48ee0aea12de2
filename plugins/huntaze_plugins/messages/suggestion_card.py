"""One suggested reply: how sure, which model, what it cost, three lines of it, and what one can do with it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QTextLayout
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import Suggestion
from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.labels import ElidedLabel, KeyHint, Label
from huntaze_desktop.ui_kit.painting import lay_out_text, rounded_box
from huntaze_desktop.ui_kit.progress import Spinner
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.words import cost_text, percent_text, tone_name, tr

SURE, LIKELY = 0.85, 0.75
_LINES, _LINE = 3, 17
_RING = 14.0


@dataclass(frozen=True, slots=True)
class Card:
    """What a card holds at a moment: pieces of text, then the whole suggestion, or why it broke off."""

    text: str = ""
    suggestion: Suggestion | None = None
    cut: str = ""

    @property
    def writing(self) -> bool:
        return self.suggestion is None and not self.cut


class SuggestionCard(QWidget):
    """Enter on its buttons; Delete anywhere in it dismisses it."""

    insert_wanted = Signal(int)
    send_wanted = Signal(int)
    rewrite_wanted = Signal(int)
    dismissed = Signal(int)

    def __init__(self, theme: ThemeManager, index: int) -> None:
        super().__init__()
        self._theme = theme
        self.index = index
        self.card = Card()
        self.setObjectName(f"messages.suggestion.{index + 1}")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._ring = _Ring(theme)
        self._sure = Label(theme, style="micro", role="text")
        self._spinner = Spinner(theme, tr("Writing"), size=14, role="text3")
        self._tone = ElidedLabel(theme, style="micro", role="text3")
        self._tone.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._model = ElidedLabel(theme, style="micro", role="text3")
        self._cost = Label(theme, style="micro", role="text3")
        self.body = _ThreeLines(theme)
        self.insert = self._button(tr("Insert"), "soft", "insert", self.insert_wanted)
        self.send = self._button(tr("Send"), "ghost", "send", self.send_wanted)
        self.rewrite = self._button(tr("Rewrite"), "ghost", "rewrite", self.rewrite_wanted)
        self.dismiss = IconButton(theme, "x", tr("Dismiss this suggestion (Delete)"), size=24)
        self.dismiss.setObjectName(f"messages.suggestion.{index + 1}.dismiss")
        self.dismiss.clicked.connect(lambda: self.dismissed.emit(self.index))
        self._cap = KeyHint(theme, str(index + 1))
        for button in (self.insert, self.send, self.rewrite, self.dismiss):
            button.installEventFilter(self)
        self._lay_out()
        theme.changed.connect(self._restyle)
        self._restyle()

    def _button(self, text: str, kind: str, name: str, wanted: object) -> Button:
        button = Button(self._theme, text, kind=kind, size=24)  # type: ignore[arg-type]  # one of the two kinds above
        button.setObjectName(f"messages.suggestion.{self.index + 1}.{name}")
        button.clicked.connect(lambda: wanted.emit(self.index))  # type: ignore[attr-defined]  # a bound signal
        return button

    def _lay_out(self) -> None:
        meta = QHBoxLayout()
        meta.setSpacing(5)
        for widget in (self._ring, self._spinner, self._sure):
            meta.addWidget(widget)
        meta.addWidget(self._tone, 1)
        meta.addWidget(self._model)
        meta.addWidget(self._cost)
        # The cross takes the place of the key cap, so that nothing moves when it comes.
        self._corner = QStackedLayout()
        self._corner.setStackingMode(QStackedLayout.StackingMode.StackOne)
        cap = QWidget()
        inside = QHBoxLayout(cap)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._cap, 0, Qt.AlignmentFlag.AlignCenter)
        self._corner.addWidget(cap)
        self._corner.addWidget(self.dismiss)
        actions = QHBoxLayout()
        actions.setContentsMargins(0, 0, 0, 0)
        actions.setSpacing(0)
        for button in (self.insert, self.send, self.rewrite):
            actions.addWidget(button)
        actions.addStretch(1)
        actions.addLayout(self._corner)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 6)
        column.setSpacing(4)
        meta.setContentsMargins(4, 0, 4, 0)
        text = QHBoxLayout()
        text.setContentsMargins(4, 0, 4, 0)
        text.addWidget(self.body)
        column.addLayout(meta)
        column.addLayout(text)
        column.addLayout(actions)

    def _restyle(self) -> None:
        self._sure.setFont(self._theme.theme.font("micro", weight=600))
        self.update()

    def show_card(self, card: Card, *, cannot_send: str = "") -> None:
        """Show what is known of it now; `cannot_send` says why it cannot be sent at once."""
        self.card = card
        done = card.suggestion
        self._spinner.setVisible(card.writing)
        confidence = done.confidence if done is not None else None
        self._ring.set_share(confidence)
        self._ring.setVisible(confidence is not None)
        self._sure.setVisible(confidence is not None)
        self._sure.setText(percent_text(confidence) if confidence is not None else "")
        self._tone.setText(self._about(card))
        self._tone.set_role("warningText" if card.cut else "text3")
        self._model.setText("" if done is None else tr("local") if done.local else done.model)
        self._model.setVisible(done is not None)
        self._cost.setText("" if done is None else cost_text(done.cost_nano_usd))
        self._cost.setVisible(done is not None and not done.local)
        self.body.set_text(done.text if done is not None else card.text, faint=done is None)
        self._enable(card, cannot_send)
        self.setToolTip("\n".join(done.reason) if done is not None else card.cut)
        self.setAccessibleName(self._spoken(card))

    def _about(self, card: Card) -> str:
        if card.cut:
            return card.cut
        return tr("Writing…") if card.suggestion is None else tone_name(card.suggestion.tone)

    def _enable(self, card: Card, cannot_send: str) -> None:
        for button in (self.insert, self.rewrite):
            button.setEnabled(bool(card.suggestion is not None or (card.cut and card.text)))
        if card.suggestion is None:
            # Half a sentence is a person's to finish.
            explain_disabled(self.send, tr("Not complete: insert it and write the rest") if card.cut else "")
        elif cannot_send:
            explain_disabled(self.send, cannot_send)
        else:
            explain_enabled(self.send, tr("Send as it is (Alt+Shift+{0})").format(self.index + 1))

    def _spoken(self, card: Card) -> str:
        done = card.suggestion
        if done is None:
            return tr("Suggestion {0}: {1}").format(self.index + 1, card.cut or tr("Writing…"))
        parts = [tr("Suggestion {0}").format(self.index + 1)]
        if done.confidence is not None:
            parts.append(tr("{0} sure").format(percent_text(done.confidence)))
        parts += [part for part in (tone_name(done.tone), tr("local") if done.local else done.model) if part]
        if not done.local:
            parts.append(cost_text(done.cost_nano_usd))
        return f"{', '.join(parts)}: {done.text}"

    # the cross, while one is at the card

    def _show_cross(self) -> None:
        buttons = (self.insert, self.send, self.rewrite, self.dismiss)
        here = self.underMouse() or any(button.hasFocus() for button in buttons)
        self._corner.setCurrentIndex(1 if here and not self.card.writing else 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._show_cross()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self._show_cross()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.dismissed.emit(self.index)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The last button goes where there is no room for all; its key and the composer's tools do the same.
        needed = sum(one.sizeHint().width() for one in (self.insert, self.send, self.rewrite)) + 12 + 24
        self.rewrite.setVisible(needed <= self.width())
        self._model.setMaximumWidth(max(40, self.width() // 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        ground = theme.color("subtle" if theme.is_dark else "surface")
        rounded_box(painter, QRectF(self.rect()), 8, fill=ground, border=theme.color("border"))
        painter.end()


class _Ring(QWidget):
    """How sure its maker is: the figure stands beside it, so the colour says nothing alone."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._share: float | None = None
        self.setFixedSize(round(_RING), 16)
        theme.changed.connect(self.update)

    def set_share(self, share: float | None) -> None:
        self._share = share
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._share is None:
            return
        theme = self._theme.theme
        role: ColorRole = "success" if self._share >= SURE else "warning" if self._share >= LIKELY else "borderControl"
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1.25, 2.25, _RING - 2.5, _RING - 2.5)
        painter.setPen(QPen(theme.color("pressed"), 2.5))
        painter.drawEllipse(box)
        painter.setPen(QPen(theme.color(role), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(box, 90 * 16, -round(self._share * 360 * 16))
        painter.end()


class _ThreeLines(QWidget):
    """Three lines of text, the last one ending in "…" where there is more; the tooltip has the whole."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._text = ""
        self._faint = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    @property
    def text(self) -> str:
        return self._text

    def set_text(self, text: str, *, faint: bool) -> None:
        if (text, faint) != (self._text, self._faint):
            self._text, self._faint = text, faint
            self.update()

    def _height(self) -> int:
        return self._theme.theme.px(_LINE) * _LINES

    def sizeHint(self) -> QSize:
        return QSize(120, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self._height())

    def _layout(self) -> QTextLayout:
        theme = self._theme.theme
        flat = " ".join(self._text.split())
        left = Qt.AlignmentFlag.AlignLeft
        return lay_out_text(flat, theme.font("body"), self.width(), theme.px(_LINE), left)[0]

    def is_cut(self) -> bool:
        return self._layout().lineCount() > _LINES

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self._text if self.is_cut() else "")
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.setPen(theme.color("text3" if self._faint else "text"))
        painter.setFont(theme.font("body"))
        layout = self._layout()
        cut = layout.lineCount() > _LINES
        for number in range(min(layout.lineCount(), _LINES)):
            line = layout.lineAt(number)
            if cut and number == _LINES - 1:
                rest = layout.text()[line.textStart() :]
                shown = painter.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, self.width())
                painter.drawText(
                    QRectF(0, number * theme.px(_LINE), self.width(), theme.px(_LINE)),
                    Qt.AlignmentFlag.AlignVCenter,
                    shown,
                )
            else:
                line.draw(painter, QPointF(0, 0))
        painter.end()
