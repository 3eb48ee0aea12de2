"""What a person types, as a query of the word index: every word must occur, the last one may be unfinished."""

import re

MESSAGE_WORD_FROM = 3
"""Shortest unfinished word that is looked up in messages: one letter would match nearly all of them."""

NEWEST_MATCHES = 2000
"""How many of the newest matching messages are looked at for the conversations they belong to."""

_WORDS = re.compile(r"\w+", re.UNICODE)


def words(typed: str) -> list[str]:
    """The words in what was typed, cut as the index cuts them (near enough: it looks at letters and digits)."""
    return _WORDS.findall(typed.replace("_", " "))


def match_expression(typed: str) -> str | None:
    """The index's query for some typed text; None when it has no word in it."""
    found = words(typed)
    if not found:
        return None
    # Quoted, so that AND, NEAR and signs are words and not operators.
    return " ".join(f'"{word}"' for word in found[:-1]) + f' "{found[-1]}"*'


def reaches_messages(typed: str) -> bool:
    """Whether the text is long enough to be looked up in messages."""
    return any(len(word) >= MESSAGE_WORD_FROM for word in words(typed))


MATCHES = f"""
matches(conversation_id, found_at) AS (
    SELECT conversation_id, max(found_at) FROM (
        SELECT c.id AS conversation_id, c.last_at AS found_at
          FROM fan_words JOIN fans AS f ON f.n = fan_words.rowid JOIN conversations AS c ON c.fan_id = f.id
         WHERE fan_words MATCH :words
        UNION ALL
        SELECT c.id, n.created_at
          FROM note_words JOIN notes AS n ON n.n = note_words.rowid JOIN conversations AS c ON c.fan_id = n.fan_id
         WHERE note_words MATCH :words
        UNION ALL
        SELECT conversation_id, at FROM (
            SELECT m.conversation_id, m.at
              FROM message_words JOIN messages AS m ON m.n = message_words.rowid
             WHERE :in_messages AND message_words MATCH :words
               AND (:creator IS NULL
                    OR EXISTS (SELECT 1 FROM conversations WHERE id = m.conversation_id AND creator_id = :creator))
             ORDER BY message_words.rowid DESC LIMIT {NEWEST_MATCHES})
    ) GROUP BY conversation_id
)"""  # noqa: S608 - a constant
"""The conversations that match and when they did: by the fan's name, by a note, by a message. No relevance ranking:
measured at 300 ms to 1.4 s for a common word over a million messages, where the newest first costs under a millisecond.
"""
