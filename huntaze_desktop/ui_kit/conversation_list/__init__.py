"""The conversation list: who waits, since when, and what was said last."""

from huntaze_desktop.ui_kit.conversation_list.delegate import RowAction
from huntaze_desktop.ui_kit.conversation_list.items import FooterItem, SectionItem
from huntaze_desktop.ui_kit.conversation_list.model import ConversationIdRole, ConversationListModel, RowRole
from huntaze_desktop.ui_kit.conversation_list.view import ConversationListView

__all__ = [
    "ConversationIdRole",
    "ConversationListModel",
    "ConversationListView",
    "FooterItem",
    "RowAction",
    "RowRole",
    "SectionItem",
]
