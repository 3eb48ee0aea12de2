"""The states of outgoing messages as the store's SQL writes them: which count as on the way, which need a person.

They are constants in the SQL text and not parameters, because SQLite uses a partial index only where it can see that
the query's condition implies the index's.
"""

from collections.abc import Iterable

from huntaze_contract.outgoing import State

ON_THE_WAY = frozenset(
    {
        State.QUEUED_LOCAL,
        State.ACCEPTED,
        State.WAITING_APPROVAL,
        State.SCHEDULED,
        State.READY,
        State.LIMITED,
        State.SENDING,
        State.UNKNOWN,
        State.RECONCILING,
    }
)
"""Own messages that the platform does not have yet."""

NEEDS_A_PERSON = frozenset(
    {State.FAILED, State.REJECTED, State.EXPIRED, State.NEEDS_REVIEW, State.NEEDS_HUMAN},
)


def sql_list(states: Iterable[State]) -> str:
    return "(" + ", ".join(f"'{state.value}'" for state in sorted(states)) + ")"


SQL_ON_THE_WAY = sql_list(ON_THE_WAY)
SQL_NEEDS_A_PERSON = sql_list(NEEDS_A_PERSON)
SQL_UNSETTLED = sql_list(ON_THE_WAY | NEEDS_A_PERSON)
"""The condition of the index `messages_unsettled`; changing it needs a migration that makes the index anew."""
