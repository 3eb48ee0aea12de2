"""Tokens without a tokenizer: a bound that no provider exceeds, and an estimate for what nobody counted.

The models' tokenizers split bytes, so a text has at most as many tokens as bytes of UTF-8; that bound is reserved and
given back a moment later. An exact count would cost a tokenizer per provider, and milliseconds per call.
"""

from huntaze_backend.engines.ai.port import AiRequest

__all__ = ["bound", "estimate", "estimate_text"]

_PER_MESSAGE = 8
_PER_REQUEST = 16
_BYTES_PER_TOKEN = 4
"""Of ordinary text in the languages that we write."""


def bound(request: AiRequest, image_tokens: int) -> int:
    """Input tokens at most."""
    parts = request.prompt.parts
    written = sum(_bytes(part.text) for part in parts)
    return written + len(parts) * _PER_MESSAGE + _PER_REQUEST + len(request.images) * image_tokens


def estimate(request: AiRequest, image_tokens: int) -> int:
    """Input tokens, about."""
    parts = request.prompt.parts
    return sum(estimate_text(part.text) + 4 for part in parts) + len(request.images) * image_tokens


def estimate_text(text: str) -> int:
    """Tokens of a text, about."""
    return -(-_bytes(text) // _BYTES_PER_TOKEN)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
