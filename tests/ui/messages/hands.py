"""What a chatter's hands do on the Messages page: find, click, write."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import FakeContext


def shown(qtbot: QtBot, context: FakeContext, width: int = 1440, height: int = 824) -> MessagesPage:
    built = MessagesPage(context)
    built.resize(width, height)
    qtbot.addWidget(built)
    with qtbot.waitExposed(built):
        built.show()
    return built


def child(page: QWidget, name: str) -> QWidget:
    found = page.findChild(QWidget, name)
    assert found is not None, name
    return found


def click(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def click_row(qtbot: QtBot, page: MessagesPage, conversation_id: str) -> None:
    view = page.list.list
    index = view.list_model.index_of(conversation_id)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())


def write(qtbot: QtBot, page: MessagesPage, text: str) -> None:
    editor = page.thread_pane.composer.editor
    editor.setFocus()
    qtbot.keyClicks(editor, text)
