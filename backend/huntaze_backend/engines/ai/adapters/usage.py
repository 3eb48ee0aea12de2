"""Usage as each provider tells it, in one shape: input with the cached part, output with the thoughts.

What cannot be (more cached than sent) is cut to what can, because the ledger refuses nonsense and an answer that was
given has to be booked.
"""

from collections.abc import Mapping
from typing import Any

from huntaze_backend.engines.ai.port import Usage

__all__ = ["usage_of"]


def usage_of(told: object) -> Usage | None:
    """Read the `usage` of a chat completion; None where there is none."""
    if not isinstance(told, Mapping):
        return None
    prompt, output = _count(told, "prompt_tokens"), _count(told, "completion_tokens")
    if prompt is None and output is None:
        return None
    prompt, output = prompt or 0, output or 0
    cached = _inner(told, "prompt_tokens_details", "cached_tokens")
    if cached is None:
        cached = _count(told, "prompt_cache_hit_tokens")  # DeepSeek's own; others' tables bill it at the full price
    reasoning = _inner(told, "completion_tokens_details", "reasoning_tokens") or 0
    total = _count(told, "total_tokens")
    if total is not None and total > prompt + output:
        # Gemini leaves its thoughts out of the completion and bills them as output.
        reasoning, output = max(reasoning, total - prompt - output), total - prompt
    return Usage(prompt, min(cached or 0, prompt), output, min(reasoning, output))


def _inner(told: Mapping[str, Any], group: str, name: str) -> int | None:
    found = told.get(group)
    return _count(found, name) if isinstance(found, Mapping) else None


def _count(told: Mapping[str, Any], name: str) -> int | None:
    found = told.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
