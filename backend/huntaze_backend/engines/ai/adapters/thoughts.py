"""Takes a model's thoughts out of its answer: some send them inside the text, between `<think>` and `</think>`."""

__all__ = ["ThoughtFilter", "without_thoughts"]

_OPEN, _CLOSE = "<think>", "</think>"


def without_thoughts(text: str) -> str:
    """The answer alone."""
    head = text.lstrip()
    if not head.startswith(_OPEN):
        return text
    return head.partition(_CLOSE)[2].lstrip()


class ThoughtFilter:
    """The same for a stream, which may cut the marks anywhere."""

    def __init__(self) -> None:
        self._held = ""
        self._passing = False

    def feed(self, text: str) -> str:
        """What of it may be shown now."""
        if self._passing:
            return text
        self._held += text
        head = self._held.lstrip()
        if _OPEN.startswith(head[: len(_OPEN)]):
            thoughts, mark, answer = head.partition(_CLOSE)
            answer = answer.lstrip()
            if not mark or not answer:
                # Thoughts can be long: of them only what may be the closing mark is kept.
                if len(thoughts) > len(_OPEN) + len(_CLOSE) and not mark:
                    self._held = _OPEN + thoughts[-len(_CLOSE) :]
                return ""
            head = answer
        self._passing, self._held = True, ""
        return head
