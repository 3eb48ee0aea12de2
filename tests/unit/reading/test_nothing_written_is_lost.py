"""Two people change one fan from whatever they saw last: values stand or are in the history, and tags are merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import fields, service
from huntaze_backend.areas.fans.loaders import load_fans
from huntaze_backend.areas.fans.tables import FanRow
from huntaze_backend.areas.messages import tables as _messages  # noqa: F401  (its tables are part of the metadata)
from huntaze_backend.core import changes
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import CLOCK_KEY
from huntaze_backend.core.schema import Base
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Fan, Role, SetField

FAN, AGENCY, CREATOR = (f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-000000000000" for n in (1, 2, 3))
START = datetime(2026, 11, 20, 18, tzinfo=UTC)
TAGS = ("vip", "hiker")


class Ticking:
    """A second passes with every look."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> datetime:
        self.ticks += 1
        return START + timedelta(seconds=self.ticks)


@dataclass
class Person:
    name: str
    saw: Fan | None = None
    device_id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.who = Principal(new_id(), AGENCY, Role.OWNER, None, new_id(), self.name)

    @property
    def ver(self) -> int:
        return self.saw.ver if self.saw else 0


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


class Agency:
    """The fan as the server has it, and what two people do to it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.people = [Person("Ann"), Person("Noor")]
        self.written: list[tuple[str, str]] = []
        self.adds: dict[str, tuple[int, Person] | None] = dict.fromkeys(TAGS)
        session.add(FanRow(id=FAN, agency_id=AGENCY, creator_id=CREATOR, platform_id="7", name="J", username="j"))
        changes.start(session, AGENCY)
        self.commit()

    def commit(self) -> int:
        self.session.flush()
        spans = changes.take(self.session)
        return spans[AGENCY][1] if spans else 0

    def fan(self) -> Fan:
        self.session.expire_all()
        return load_fans(self.session, AGENCY, [FAN])[FAN]

    def act(self, person: Person, action: str, number: int) -> None:
        if action == "sync":
            person.saw = self.fan()
        elif action in ("about", "nickname"):
            self._set(person, action, f"{person.name} {len(self.written)}")
        elif action == "tag":
            service.add_tag(self.session, person.who, FAN, TAGS[number % 2], device_id=person.device_id)
            self.adds[TAGS[number % 2]] = (self.commit(), person)
        else:
            self._untag(person, TAGS[number % 2])

    def _set(self, person: Person, name: Any, text: str) -> None:
        seen = person.saw.fields.get(name) if person.saw else None
        base = seen.value if seen else ""
        value = f"{base}\n{text}".strip() if name == "about" else text
        wish = SetField(
            op_id=new_id(),
            at=START,
            fan_id=FAN,
            name=name,
            value=value,
            base_ver=seen.ver if seen else 0,
            base_value=base,
        )
        fields.set_field(self.session, person.who, wish, device_id=person.device_id)
        self.commit()
        self.written.append((name, text))

    def _untag(self, person: Person, tag: str) -> None:
        service.remove_seen_tag(self.session, person.who, FAN, tag, base_ver=person.ver, device_id=person.device_id)
        self.commit()
        last = self.adds[tag]
        if last is not None and (last[0] <= person.ver or last[1] is person):
            self.adds[tag] = None


actions = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["sync", "about", "nickname", "tag", "untag"]), st.integers(0, 1)),
    max_size=14,
)


@settings(max_examples=60)
@given(actions)
def test_every_value_stands_or_is_in_the_history_and_tags_merge(engine, done):
    with Session(engine) as session:
        session.info[CLOCK_KEY] = Ticking()
        agency = Agency(session)

        for who, action, number in done:
            agency.act(agency.people[who], action, number)

        fan, reader = agency.fan(), agency.people[0].who
        for name, text in agency.written:
            past = fields.field_history(session, reader, FAN, name)
            told = "\n".join([fan.fields[name].value, *(entry.value for entry in past)])
            assert text in told.split("\n")
        assert set(fan.tags) == {tag for tag, last in agency.adds.items() if last is not None}
        session.rollback()
