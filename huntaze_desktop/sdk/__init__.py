"""A plugin's only door besides ui_kit.

A plugin is a package with a manifest (`huntaze-plugin.toml`) and an `activate(ctx)` function; `ctx` is a `Context`. All
reads are live views over the encrypted cache and work offline; all callbacks arrive on the GUI thread. Widgets cross
this door as opaque objects, so that the door itself needs no Qt.
"""

from huntaze_contract import ids, outgoing
from huntaze_contract.compliance import Category as ComplianceCategory
from huntaze_contract.compliance import Finding as ComplianceFinding
from huntaze_contract.compliance import Tier as ComplianceTier
from huntaze_contract.compliance import Verdict as ComplianceVerdict
from huntaze_desktop.model.assistant import (
    Rewrite,
    RewriteKind,
    Suggestion,
    SuggestionCut,
    SuggestionPiece,
    SuggestionReady,
    SuggestionText,
    UseOutcome,
)
from huntaze_desktop.model.compliance import ComplianceRules
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.model.entities import (
    AttemptSeen,
    Candidate,
    ChangeNotice,
    ConversationRow,
    Creator,
    CreatorState,
    Evidence,
    Fan,
    FanField,
    FanTotals,
    Member,
    Message,
    MessageKind,
    MissedMessage,
    Note,
    OutboxItem,
    PendingChange,
    Purchase,
    Review,
    SendBudget,
)
from huntaze_desktop.model.listing import (
    ConversationListing,
    ConversationQuery,
    FilterCounts,
    ListFilter,
    Section,
    SectionKind,
)
from huntaze_desktop.model.tiers import Tier, short_amount, tier
from huntaze_desktop.model.waiting import DEFAULT_SLA, Sla, Urgency, clock_text, urgency, waited
from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.sdk.context import (
    AiApi,
    ChangesApi,
    ComplianceApi,
    Context,
    ContextSection,
    ConversationListView,
    ConversationsApi,
    FanDetails,
    FansApi,
    LiveView,
    MessagesApi,
    MessageWindowView,
    Page,
    PagesApi,
    PieceStream,
    ShellApi,
    SlotsApi,
    TeamApi,
    Verdict,
)
from huntaze_desktop.sdk.errors import BackendError, OfflineError, SdkError

API_VERSION = "1.0.0"
"""Version of this door (semver); a manifest names the range it works with."""

__all__ = [
    "API_VERSION",
    "DEFAULT_SLA",
    "AiApi",
    "AttemptSeen",
    "BackendError",
    "Candidate",
    "ChangeNotice",
    "ChangesApi",
    "ComplianceApi",
    "ComplianceCategory",
    "ComplianceFinding",
    "ComplianceRules",
    "ComplianceTier",
    "ComplianceVerdict",
    "Connection",
    "ConnectionState",
    "Context",
    "ContextSection",
    "ConversationListView",
    "ConversationListing",
    "ConversationQuery",
    "ConversationRow",
    "ConversationsApi",
    "Creator",
    "CreatorState",
    "Evidence",
    "Fan",
    "FanDetails",
    "FanField",
    "FanTotals",
    "FansApi",
    "FilterCounts",
    "ListFilter",
    "LiveView",
    "Member",
    "Message",
    "MessageKind",
    "MessageWindow",
    "MessageWindowView",
    "MessagesApi",
    "MissedMessage",
    "Note",
    "OfflineError",
    "OutboxItem",
    "Page",
    "PagesApi",
    "PendingChange",
    "PieceStream",
    "Purchase",
    "Review",
    "Rewrite",
    "RewriteKind",
    "SdkError",
    "Section",
    "SectionKind",
    "SendBudget",
    "ShellApi",
    "Sla",
    "SlotsApi",
    "Suggestion",
    "SuggestionCut",
    "SuggestionPiece",
    "SuggestionReady",
    "SuggestionText",
    "TeamApi",
    "Tier",
    "Urgency",
    "UseOutcome",
    "Verdict",
    "clock_text",
    "ids",
    "outgoing",
    "short_amount",
    "tier",
    "urgency",
    "waited",
]
