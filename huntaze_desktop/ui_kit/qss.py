"""The style sheet for what we do not paint ourselves: scroll bars, menus, tooltips, text editors, Qt's own dialogs.

Rendered once per theme and set on the application. Our own widgets paint themselves (a `LineEdit` its ground), so
the sheet stays short: every rule costs a match against every widget when it is polished.
"""

from __future__ import annotations

from string import Template

from huntaze_desktop.ui_kit.theme import Theme

_SHEET = Template(
    """
QToolTip { background: $raised; color: $text; border: 1px solid $borderStrong; padding: 3px 6px; }
QMenu { background: $raised; color: $text; border: 1px solid $borderStrong; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 10px; border-radius: 6px; background: transparent; }
QMenu::item:selected { background: $selected; }
QMenu::item:disabled { color: $textDisabled; background: transparent; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; border: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; border: 0; }
QScrollBar::handle { background: $borderStrong; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover, QScrollBar::handle:pressed { background: $borderControl; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea { background: transparent; border: 0; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QAbstractItemView { selection-background-color: $selected; selection-color: $text; outline: 0; }
QTextEdit, QPlainTextEdit { color: $text; placeholder-text-color: $text3;
  selection-background-color: $accent; selection-color: $onAccent; }
QLineEdit { background: $field; color: $text; placeholder-text-color: $text3; border: 1px solid $borderStrong;
  border-radius: 6px; padding: 5px 8px; selection-background-color: $accent; selection-color: $onAccent;
  lineedit-password-character: 8226; }
QLineEdit:focus { border-color: $accent; }
LineEdit, QComboBox QLineEdit, QAbstractSpinBox QLineEdit { background: transparent; border: 0; padding: 0; }
QComboBox { background: $field; color: $text; border: 1px solid $borderStrong; border-radius: 6px;
  padding: 0 10px; min-height: 30px; }
QComboBox:focus { border-color: $accent; }
QComboBox:disabled { color: $textDisabled; background: $fill; border-color: $fill; }
QComboBox::drop-down { border: 0; width: 20px; }
QComboBox QAbstractItemView { background: $raised; color: $text; border: 1px solid $borderStrong; padding: 4px; }
QHeaderView { background: $subtle; border: 0; }
QHeaderView::section { background: $subtle; color: $text3; border: 0; border-bottom: 1px solid $border;
  padding: 6px 8px; }
QTableView { gridline-color: $border; }
QTableCornerButton::section { background: $subtle; border: 0; border-bottom: 1px solid $border; }
QDialog, QMessageBox { background: $raised; }
QPushButton { background: $secondary; color: $text; border: 1px solid $borderStrong; border-radius: 6px;
  padding: 0 12px; min-height: 30px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $pressed; }
QPushButton:default { background: $accent; color: $onAccent; border-color: $accent; }
QPushButton:disabled { background: $fill; color: $textDisabled; border-color: $fill; }
"""
)


def render_qss(theme: Theme) -> str:
    """The application's style sheet in this theme's colours."""
    colors: dict[str, str] = {role: theme.hex(role) for role in theme.roles()}
    return _SHEET.substitute(colors, field=theme.field_color().name(), secondary=theme.secondary_color().name())
