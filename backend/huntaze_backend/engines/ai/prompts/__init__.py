"""Prompts: versioned texts, and the builders that put what is known of a conversation behind them.

A prompt's head is its text and the creator: byte for byte the same for every call of one creator and version, so that
providers keep it in their cache. All that changes stands in the tail, quoted as data. A text is never edited in place:
another wording is another file and another number, so that an answer can be traced to the words that asked for it.
"""

from huntaze_backend.engines.ai.prompts.quoting import Persona
from huntaze_backend.engines.ai.prompts.reply import FanFacts, ReplyAsked, Turn, Worked, read_reply, reply_prompt
from huntaze_backend.engines.ai.prompts.rewrite import rewrite_prompt

__all__ = ["FanFacts", "Persona", "ReplyAsked", "Turn", "Worked", "read_reply", "reply_prompt", "rewrite_prompt"]
