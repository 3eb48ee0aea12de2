"""The routing table: task and tier → who may answer, in order, each with its reason. Data, checked when it is loaded.

The version that a decision carries is the table's own word and a hash of its content, so that an old decision can be
explained by the table that made it.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from huntaze_backend.engines.ai.agents import ASSIGNMENTS
from huntaze_backend.engines.ai.port import Tier

__all__ = ["ANY_TASK", "LOCAL", "Candidate", "Chosen", "Model", "RoutingTable", "RoutingTableError"]

ANY_TASK = "*"
LOCAL = "local"
"""The provider that needs no network: the floor of every text row."""
_TASKS = frozenset(work.task for work in ASSIGNMENTS.values()) | {ANY_TASK}
_Name = Annotated[str, Field(min_length=1, max_length=100)]


class RoutingTableError(ValueError):
    """The table cannot be used; the message says where and why."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Entry):
    """What is known of a model, but its price."""

    provider: _Name
    model: _Name
    window: PositiveInt
    timeout_s: PositiveFloat
    ttft_s: PositiveFloat
    stall_s: PositiveFloat = 8.0
    image_tokens: int = Field(default=0, ge=0)
    """0: it cannot see."""
    reasons: bool = False


class Candidate(_Entry):
    """One who may answer."""

    provider: _Name
    model: _Name
    region: str = Field(default="", max_length=60)
    why: str = Field(min_length=1, max_length=200)

    @property
    def key(self) -> str:
        """What has a breaker of its own."""
        return f"{self.provider}/{self.priced_as}"

    @property
    def priced_as(self) -> str:
        """The price table's name: the same model costs more in a data zone or a region."""
        return f"{self.model}@{self.region}" if self.region else self.model


class _Row(_Entry):
    task: _Name
    tier: Tier
    candidates: tuple[Candidate, ...] = Field(min_length=1)


class _Single(_Entry):
    candidates: tuple[Candidate, ...] = Field(min_length=1)


class _Policy(_Entry):
    after_content_filter: frozenset[str] = frozenset({LOCAL})


class _Table(_Entry):
    version: _Name
    policy: _Policy = _Policy()
    names: dict[str, str] = {}
    model: tuple[Model, ...] = Field(min_length=1)
    row: tuple[_Row, ...] = Field(min_length=1)
    single: _Single


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a deployment's settings put into the table."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Models for those of [names]."""
    regions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Where a provider's model was deployed, if not globally."""


class RoutingTable:
    """A table that was found to be whole."""

    def __init__(
        self,
        version: str,
        models: Mapping[tuple[str, str], Model],
        rows: Mapping[tuple[str, Tier], tuple[Candidate, ...]],
        single: tuple[Candidate, ...],
        after_content_filter: frozenset[str],
    ) -> None:
        """Made by `parse`."""
        self.version = version
        self.single = single
        self.after_content_filter = after_content_filter
        self._models = models
        self._rows = rows

    @classmethod
    def shipped(cls, chosen: "Chosen | None" = None) -> Self:
        """The table that comes with the program."""
        return cls.parse(files("huntaze_resources").joinpath("ai", "routing.toml").read_text("utf-8"), chosen)

    @classmethod
    def parse(cls, text: str, chosen: "Chosen | None" = None) -> Self:
        """Args: chosen: what the deployment's settings decide. Raises: RoutingTableError."""
        chosen = chosen or Chosen()
        try:
            raw: dict[str, Any] = tomllib.loads(text)
            table = _Table.model_validate(raw)
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise RoutingTableError(str(error)) from error
        meant = table.names | dict(chosen.names)
        models = {(model.provider, model.model): model for model in table.model}
        if len(models) != len(table.model):
            raise RoutingTableError("a model is described twice")
        rows: dict[tuple[str, Tier], tuple[Candidate, ...]] = {}
        for row in table.row:
            if (row.task, row.tier) in rows:
                raise RoutingTableError(f"two rows for {row.task}, {row.tier}")
            rows[row.task, row.tier] = _named(row.candidates, meant, chosen.regions, models)
            _check(row.task, row.tier, rows[row.task, row.tier], models)
        for tier in Tier:
            if (ANY_TASK, tier) not in rows:
                raise RoutingTableError(f"no row for any task, {tier}")
        single = _named(table.single.candidates, meant, chosen.regions, models)
        digest = hashlib.sha256((text + repr(chosen)).encode()).hexdigest()[:8]
        return cls(f"{table.version}-{digest}", models, rows, single, table.policy.after_content_filter)

    def row(self, task: str, tier: Tier) -> tuple[Candidate, ...]:
        """Who may answer, in order."""
        return self._rows.get((task, tier)) or self._rows[ANY_TASK, tier]

    def model(self, candidate: Candidate) -> Model:
        """What is known of a candidate's model."""
        return self._models[candidate.provider, candidate.model]

    def candidates(self) -> tuple[Candidate, ...]:
        """Everybody who is named anywhere, once."""
        found = {candidate.key: candidate for row in self._rows.values() for candidate in row}
        return tuple(found.values())


def _named(
    candidates: tuple[Candidate, ...],
    names: Mapping[str, str],
    regions: Mapping[tuple[str, str], str],
    models: dict[tuple[str, str], Model],
) -> tuple[Candidate, ...]:
    """The candidates with real names; a model that a setting chose and nobody described gets its elder's limits."""
    found = []
    for candidate in candidates:
        model = names.get(candidate.model, candidate.model)
        if (candidate.provider, model) not in models:
            like = [known for (provider, _), known in models.items() if provider == candidate.provider]
            if model == candidate.model or not like:
                raise RoutingTableError(f"{candidate.provider}/{model} is a candidate, and no model of that name")
            models[candidate.provider, model] = like[0].model_copy(update={"model": model})
        region = candidate.region or regions.get((candidate.provider, model), "")
        found.append(candidate.model_copy(update={"model": model, "region": region}))
    return tuple(found)


def _check(task: str, tier: Tier, candidates: tuple[Candidate, ...], models: Mapping[tuple[str, str], Model]) -> None:
    where = f"row {task}, {tier}"
    if task not in _TASKS:
        raise RoutingTableError(f"{where}: there is no such task")
    if len({candidate.key for candidate in candidates}) != len(candidates):
        raise RoutingTableError(f"{where}: somebody is named twice")
    if any(candidate.provider == LOCAL for candidate in candidates[:-1]):
        raise RoutingTableError(f"{where}: `local` never fails, so what follows it is never asked")
    if tier is Tier.VISION:
        blind = [
            candidate.key for candidate in candidates if not models[candidate.provider, candidate.model].image_tokens
        ]
        if blind:
            raise RoutingTableError(f"{where}: {', '.join(blind)} cannot see")
    elif candidates[-1].provider != LOCAL:
        raise RoutingTableError(f"{where}: a text row ends in `local`, so that suggestions never vanish")
