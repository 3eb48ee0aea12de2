"""Who is who in one conversation, as the timeline shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatPeople:
    """Names and stable ids of the fan, the creator and the member who reads."""

    fan_id: str = ""
    fan_name: str = ""
    creator_id: str = ""
    creator_name: str = ""
    me_id: str = ""
    me_name: str = ""
