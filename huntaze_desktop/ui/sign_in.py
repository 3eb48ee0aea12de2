"""The sign-in page: the form, the demo agency, another server behind a link, and the picture beside it.

What does not exist yet (reset, invitations, new workspaces, languages) is absent.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLayout, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from huntaze_desktop.ui.sign_in_art import SignInArt
from huntaze_desktop.ui.state import Credentials
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.fields import Field, LineEdit, PasswordField
from huntaze_desktop.ui_kit.labels import IconLabel, Label, Paragraph, line
from huntaze_desktop.ui_kit.painting import announce, rounded_box
from huntaze_desktop.ui_kit.progress import ProgressBar
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toggles import CheckBox

FieldName = Literal["email", "password", "server", ""]
ServiceState = Literal["unknown", "starting", "up", "down"]

_FORM_WIDTH = 408
_LEFT_WIDTH = 600
_LEFT_NARROW = 520
_NARROW = 1200
_LOW = 780


class DemoCard(QAbstractButton):
    """The offer of the demo agency: a card to press, then the progress of filling it."""

    def __init__(self, theme: ThemeManager, detail: str) -> None:
        super().__init__()
        self._theme = theme
        self._detail = detail
        self._progress_text = ""
        self._bar = ProgressBar(theme, translate("SignIn", "Demo agency"))
        self._bar.setParent(self)
        self._bar.hide()
        self.setObjectName("sign_in.demo")
        self.setText(translate("SignIn", "Try the demo agency"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 10)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name_it()
        theme.changed.connect(self.updateGeometry)

    @property
    def progress_text(self) -> str:
        return self._progress_text

    def set_progress(self, text: str, fraction: float | None) -> None:
        """Shows how far the filling is; an empty text is the card at rest again."""
        self._progress_text = text
        self._bar.setVisible(bool(text))
        self._bar.set_value(fraction if text else 0.0)
        self.setEnabled(not text)
        self._name_it()
        self.update()

    def _name_it(self) -> None:
        self.setAccessibleName(self.text())
        self.setAccessibleDescription(self._progress_text or self._detail)

    def sizeHint(self) -> QSize:
        return QSize(_FORM_WIDTH, self._theme.theme.at_least(66))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._bar.setGeometry(67, self.height() - 12, self.width() - 67 - 15, 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        ground = theme.secondary_color()
        if self.isEnabled() and (self.isDown() or self.underMouse()):
            ground = theme.color("pressed" if self.isDown() else "hover")
        rounded_box(painter, box, 10, fill=ground, border=theme.color("borderStrong"))
        tile = QRectF(15, (box.height() - 40) / 2, 40, 40)
        rounded_box(painter, tile, 10, fill=theme.color("accentSubtle"))
        theme.icons.paint(painter, tile.center() - QPointF(9, 9), "play", 18, theme.color("accentText"))
        busy = bool(self._progress_text)
        name_height, detail_height = theme.at_least(20), theme.at_least(18)
        upper = (box.height() - name_height - detail_height - (10 if busy else 0)) / 2
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font("bodyStrong"))
        painter.drawText(QRectF(67, upper, box.width() - 110, name_height), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setPen(theme.color("text2"))
        painter.setFont(theme.font("small"))
        detail = self._progress_text or self._detail
        rect = QRectF(67, upper + name_height, box.width() - (82 if busy else 110), detail_height)
        detail = painter.fontMetrics().elidedText(detail, Qt.TextElideMode.ElideRight, int(rect.width()))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, detail)
        if not busy:
            corner = QPointF(box.width() - 31, box.height() / 2 - 8)
            theme.icons.paint(painter, corner, "arrow-right", 16, theme.color("text3"))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)


class _ServiceDot(QWidget):
    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.state: ServiceState = "unknown"
        self.setFixedSize(8, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        color = {"up": theme.color("success"), "down": theme.color("danger")}.get(self.state, theme.color("warning"))
        painter = QPainter(self)
        rounded_box(painter, QRectF(0, 4, 8, 8), 4, fill=color)
        painter.end()


class SignInPage(QWidget):
    """Asks who one is. `submitted` carries `Credentials`; the answer comes back through `set_busy` and `show_error`."""

    submitted = Signal(object)
    demo_requested = Signal()
    set_up_requested = Signal()

    def __init__(self, theme: ThemeManager, *, version: str, demo_detail: str = "") -> None:
        """`demo_detail` says what the demo agency holds."""
        super().__init__()
        self._theme = theme
        self.setObjectName("sign_in")
        self.setAccessibleName(translate("SignIn", "Sign in"))
        detail = demo_detail or translate("SignIn", "4 creators, live fans, no account needed")
        self._make_controls(theme, detail)
        self.art = SignInArt(theme)
        self._left = QWidget()
        self._left.setFixedWidth(_LEFT_WIDTH)
        self._gaps: list[tuple[QSpacerItem, int]] = []
        column = self._column = QVBoxLayout(self._left)
        column.setSpacing(0)
        column.addWidget(self._centered(self._head()))
        column.addSpacing(12)
        column.addStretch(1)
        column.addWidget(self._centered(self._form()))
        column.addSpacing(12)
        column.addStretch(1)
        column.addWidget(self._centered(self._foot(version)))
        row = QHBoxLayout(self)
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._left)
        row.addWidget(self.art, 1)
        self.setFocusProxy(self.email)
        self.set_service("unknown")

    def _make_controls(self, theme: ThemeManager, detail: str) -> None:
        self.email = LineEdit(theme, translate("SignIn", "Email"), size=40)
        self.email.setObjectName("sign_in.email")
        self.email.setInputMethodHints(Qt.InputMethodHint.ImhEmailCharactersOnly)
        self.password = PasswordField(
            theme,
            translate("SignIn", "Password"),
            show_name=translate("SignIn", "Show the password"),
            hide_name=translate("SignIn", "Hide the password"),
            size=40,
        )
        self.password.setObjectName("sign_in.password")
        self.server = LineEdit(
            theme, translate("SignIn", "Server address"), placeholder="https://huntaze.example", size=40
        )
        self.server.setObjectName("sign_in.server")
        self.email_field = Field(theme, translate("SignIn", "Email"), self.email)
        self.password_field = Field(theme, translate("SignIn", "Password"), self.password)
        self.server_field = Field(
            theme,
            translate("SignIn", "Server address"),
            self.server,
            hint=translate("SignIn", "Your agency's own server. Leave it empty to use this computer."),
        )
        self.server_field.hide()
        self.keep = CheckBox(theme, translate("SignIn", "Keep me signed in on this computer"))
        self.keep.setObjectName("sign_in.keep")
        self.keep.setChecked(True)
        self.submit = Button(theme, translate("SignIn", "Sign in"), kind="primary", size=40)
        self.submit.setObjectName("sign_in.submit")
        self.submit.clicked.connect(self._submit)
        self.demo = DemoCard(theme, detail)
        self.demo.clicked.connect(self.demo_requested)
        self.server_toggle = Button(theme, translate("SignIn", "Use another server"), kind="link", size=24)
        self.server_toggle.setObjectName("sign_in.server_toggle")
        self.server_toggle.clicked.connect(self._toggle_server)
        self.set_up = Button(theme, translate("SignIn", "Set up an agency here"), kind="link", size=24)
        self.set_up.setObjectName("sign_in.set_up")
        self.set_up.clicked.connect(self.set_up_requested)
        self.problem = Paragraph(theme, style="small", role="dangerText")
        self.problem.setObjectName("sign_in.problem")
        self._problem_row = QWidget()
        row = QHBoxLayout(self._problem_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(IconLabel(theme, "circle-alert", 13, "dangerText"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.problem, 1)
        self._problem_row.hide()
        for edit in (self.email, self.password, self.server):
            edit.returnPressed.connect(self._submit)
            edit.textEdited.connect(self._clear_errors)

    def _centered(self, inner: QWidget) -> QWidget:
        inner.setFixedWidth(_FORM_WIDTH)
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(inner)
        row.addStretch(1)
        return box

    def _head(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(_Mark(self._theme))
        row.addWidget(Label(self._theme, "Huntaze", style="heading"))
        row.addStretch(1)
        return box

    def _form(self) -> QWidget:
        box = QWidget()
        column = self._form_column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Paragraph(self._theme, lead=translate("SignIn", "Sign in to your agency"), style="display"))
        column.addSpacing(6)
        words = translate("SignIn", "Use the address your manager gave you.")
        column.addWidget(Paragraph(self._theme, words, style="message", role="text2"))
        self._gap(column, 20)
        column.addWidget(self.email_field)
        self._gap(column, 20)
        column.addWidget(self.password_field)
        self._gap(column, 18)
        column.addWidget(self.keep)
        self._gap(column, 18)
        column.addWidget(self._problem_row)
        column.addWidget(self.submit)
        self._gap(column, 20)
        column.addWidget(self._or())
        self._gap(column, 20)
        column.addWidget(self.demo)
        self._gap(column, 16)
        links = QHBoxLayout()
        links.setSpacing(16)
        links.addWidget(self.server_toggle)
        links.addWidget(self.set_up)
        links.addStretch(1)
        column.addLayout(links)
        column.addWidget(self.server_field)
        return box

    def _gap(self, column: QVBoxLayout, height: int) -> None:
        """A gap that shrinks in low windows."""
        gap = QSpacerItem(0, height)
        column.addSpacerItem(gap)
        self._gaps.append((gap, height))

    def _or(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(line(self._theme), 1)
        row.addWidget(Label(self._theme, translate("SignIn", "or"), style="small", role="text3"))
        row.addWidget(line(self._theme), 1)
        return box

    def _foot(self, version: str) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._dot = _ServiceDot(self._theme)
        self.service = Label(self._theme, style="small", role="text3")
        self.service.setObjectName("sign_in.service")
        row.addWidget(self._dot)
        row.addWidget(self.service)
        row.addStretch(1)
        words = translate("SignIn", "Version {version}").format(version=version)
        row.addWidget(Label(self._theme, words, style="small", role="text3"))
        return box

    # What the owner tells the page

    def set_service(self, state: ServiceState) -> None:
        """Whether the server answers; unknown shows nothing."""
        words = {
            "unknown": "",
            "starting": translate("SignIn", "Service is starting"),
            "up": translate("SignIn", "Service is up"),
            "down": translate("SignIn", "Service does not answer"),
        }
        self._dot.state = state
        self._dot.setVisible(state != "unknown")
        self._dot.update()
        self.service.setText(words[state])

    def set_busy(self, busy: bool) -> None:
        """While the answer is awaited: a spinner in the button, fields read-only."""
        self.submit.set_busy(busy)
        for edit in (self.email, self.password, self.server):
            edit.setReadOnly(busy)
        self.keep.setEnabled(not busy)
        self.demo.setEnabled(not busy and not self.demo.progress_text)

    def show_error(self, text: str, field: FieldName = "") -> None:
        """Shows a refusal at a field, or over the button; the password stays to be corrected."""
        self.set_busy(False)
        target = {"email": self.email_field, "password": self.password_field, "server": self.server_field}.get(field)
        if target is None:
            self.problem.set_content(text)
            self._problem_row.setVisible(bool(text))
            self._problem_row.layout().setContentsMargins(0, 0, 0, 10)  # type: ignore[union-attr]  # set above
        else:
            if field == "server":
                self._show_server()
            target.set_error(text)
            {"email": self.email, "password": self.password, "server": self.server}[field].setFocus()
        if text:
            announce(self, text)

    def set_demo_progress(self, text: str, fraction: float | None = None) -> None:
        """Progress of filling the demo agency; an empty text ends it."""
        self.demo.set_progress(text, fraction)
        for control in (
            self.email,
            self.password,
            self.server,
            self.keep,
            self.submit,
            self.server_toggle,
            self.set_up,
        ):
            control.setEnabled(not text)

    def set_server(self, address: str) -> None:
        """The address used last; shown when there is one."""
        self.server.setText(address)
        if address:
            self._show_server()

    def set_email(self, email: str) -> None:
        """The address used last; the password is then asked first."""
        self.email.setText(email)
        if email:
            self.setFocusProxy(self.password)

    # What the person does

    def _toggle_server(self) -> None:
        self._show_server()
        self.server.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_server(self) -> None:
        self.server_field.show()
        self.server_toggle.hide()

    def _clear_errors(self) -> None:
        for field in (self.email_field, self.password_field, self.server_field):
            if field.error:
                field.set_error("")
        self._problem_row.hide()

    def _submit(self) -> None:
        if self.submit.is_busy:
            return
        self._clear_errors()
        email, password, server = self.email.text().strip(), self.password.text(), self.server.text().strip()
        if not email:
            self.show_error(translate("SignIn", "Enter your email address."), "email")
        elif "@" not in email[1:-1]:
            self.show_error(translate("SignIn", "An address looks like name@agency.example."), "email")
        elif not password:
            self.show_error(translate("SignIn", "Enter your password."), "password")
        elif server and not server.startswith(("http://", "https://")):
            self.show_error(translate("SignIn", "A server address begins with https://."), "server")
        else:
            self.set_busy(True)
            self.submitted.emit(Credentials(email, password, self.keep.isChecked(), server))

    def minimumSizeHint(self) -> QSize:
        # The gaps shrink only once the page is low, so the tall form must not keep the window from getting there.
        return QSize(0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._left.setFixedWidth(_LEFT_WIDTH if self.width() >= _NARROW else _LEFT_NARROW)
        low = self.height() < _LOW
        self._column.setContentsMargins(0, 16 if low else 40, 0, 12 if low else 28)
        for gap, height in self._gaps:
            gap.changeSize(0, height * 3 // 5 if low else height)
        self._form_column.invalidate()
        self._column.invalidate()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("surface"))
        painter.end()


class _Mark(QWidget):
    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(32, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.drawPixmap(0, 0, theme.icons.logo(32, theme.color("accent"), self.devicePixelRatioF()))
        painter.end()
