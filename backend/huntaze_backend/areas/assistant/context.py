"""What a prompt is made of, as the member who asks may see it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.assistant.knowledge import recall
from huntaze_backend.areas.fans import notes
from huntaze_backend.areas.fans import service as fans
from huntaze_backend.areas.messages import service as messages
from huntaze_backend.core.auth import Principal
from huntaze_backend.engines.ai.port import Prompt
from huntaze_backend.engines.ai.prompts import FanFacts, Persona, Turn, Worked, reply_prompt
from huntaze_contract.outgoing import State
from huntaze_contract.wire import Message, MessageKind

__all__ = ["Context", "persona", "read_context"]

_MESSAGES, _NOTES, _WORKED = 20, 2, 2
_NOT_SAID = frozenset(
    {
        State.CANCELLED,
        State.REJECTED,
        State.FAILED,
        State.EXPIRED,
        State.NEEDS_REVIEW,
        State.SCHEDULED,
        State.WAITING_APPROVAL,
    }
)
"""What the fan has not read and may never read is no part of the conversation."""
_WHAT = {MessageKind.TEXT: "text", MessageKind.PPV: "paid message"}


@dataclass(frozen=True, slots=True)
class Context:
    """A conversation, boiled down to what a suggestion needs."""

    agency_id: str
    creator_id: str
    conversation_id: str
    last_id: str | None
    """The conversation's newest message."""
    asked: str
    """The fan's last words."""
    persona: Persona
    fan: FanFacts
    turns: tuple[Turn, ...]
    worked: tuple[Worked, ...]

    def prompt(self, tone: str, variant: int) -> Prompt:
        return reply_prompt(self.persona, self.fan, self.turns, self.worked, tone=tone, variant=variant)


def read_context(session: Session, who: Principal, conversation_id: str) -> Context:
    """Raises: NotFoundError for a conversation that is not the member's to see."""
    conversation = messages.get_conversation(session, who, conversation_id)
    listed = messages.list_messages(session, who, conversation_id, cursor=None, limit=_MESSAGES).items
    turns = tuple(_turn(message) for message in reversed(listed) if message.state not in _NOT_SAID)
    asked = _asked(turns)
    fan = fans.get_fan(session, who, conversation.fan_id)
    noted = notes.list_notes(session, who, fan.id, cursor=None, limit=_NOTES).items
    first = fan.name.split(maxsplit=1)[0] if fan.name.split() else ""
    alike = recall(session, who.agency_id, conversation.creator_id, asked, _WORKED) if asked else []
    return Context(
        agency_id=who.agency_id,
        creator_id=conversation.creator_id,
        conversation_id=conversation_id,
        last_id=conversation.last.id if conversation.last is not None else None,
        asked=asked,
        persona=persona(session, who.agency_id, conversation.creator_id),
        fan=FanFacts(
            name=fan.name,
            language=fan.language,
            tags=tuple(fan.tags),
            facts={name: field.value for name, field in sorted(fan.fields.items()) if field.value},
            notes=tuple(note.text for note in noted),
        ),
        turns=turns,
        worked=tuple(Worked(each.asked, each.answered.replace("{name}", first)) for each in alike),
    )


def persona(session: Session, agency_id: str, creator_id: str) -> Persona:
    row = accounts.creator(session, agency_id, creator_id)
    return Persona(row.name, row.username, row.platform)


def _turn(message: Message) -> Turn:
    return Turn(
        "fan" if message.direction == "in" else "creator", message.text, _WHAT.get(message.kind, message.kind.value)
    )


def _asked(turns: tuple[Turn, ...]) -> str:
    lines: list[str] = []
    for turn in reversed(turns):
        if turn.sender != "fan":
            break
        lines.append(turn.text)
    return "\n".join(filter(None, reversed(lines)))
