"""The chat timeline: bubbles, dividers and cards of one conversation, painted from a `MessageWindow`."""

from huntaze_desktop.ui_kit.chat.delivery import Action
from huntaze_desktop.ui_kit.chat.model import MessageIdRole, MessageRole, RowRole, TimelineModel
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.timeline import Timeline
from huntaze_desktop.ui_kit.chat.view import TimelineView

__all__ = [
    "Action",
    "ChatPeople",
    "MessageIdRole",
    "MessageRole",
    "RowRole",
    "Timeline",
    "TimelineModel",
    "TimelineView",
]
