"""Faults that the suite must notice: each is one small change that makes an answer wrong.

`tests/test_faults.py` puts them into a copy of the package, one by one, and runs tests there. A
fault that no test notices is a test that is missing.
"""

from __future__ import annotations

from tests.fault_kit import Fault
from tests.faults_argocd import ARGOCD
from tests.faults_around import AROUND
from tests.faults_aws import AWS
from tests.faults_cloud import CLOUD
from tests.faults_compose import COMPOSE
from tests.faults_engine import ENGINE
from tests.faults_jenkins import JENKINS
from tests.faults_kubernetes import KUBERNETES
from tests.faults_pull import PULL
from tests.faults_rules import RULES

FAULTS: tuple[Fault, ...] = (
    *ENGINE,
    *RULES,
    *COMPOSE,
    *AROUND,
    *CLOUD,
    *PULL,
    *AWS,
    *KUBERNETES,
    *ARGOCD,
    *JENKINS,
)

#: Runs when the tests that a fault names do not notice it, in this order.
EVERYTHING_FAST = (
    "tests/engine",
    "tests/test_northbank.py",
    "tests/identity",
    "tests/assemble",
    "tests/completeness",
    "tests/rulebench",
    "tests/rules",
    "tests/importers",
    "tests/test_laws.py",
    "tests/test_oracle.py",
)
