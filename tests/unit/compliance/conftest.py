from __future__ import annotations

import pytest

from huntaze_contract.compliance import Policy
from huntaze_contract.compliance.loading import policy_from_toml
from huntaze_contract.compliance.matching import RuleSet
from huntaze_resources import compliance_lists


@pytest.fixture(scope="session")
def policy() -> Policy:
    return policy_from_toml(compliance_lists())


@pytest.fixture(scope="session")
def rules(policy: Policy) -> RuleSet:
    return RuleSet.compile(policy)
