"""Health plans, policies and the codes they name, what changed of them, and what their sources last said."""

from policies.models.plans import CMS, HealthPlan
from policies.models.policies import Policy
from policies.models.policy_codes import PolicyCode
from policies.models.revisions import PolicyCodeChange, PolicyRevision
from policies.models.sources import PolicyImport, PolicySource, WithheldUpdate

__all__ = [
    "CMS",
    "HealthPlan",
    "Policy",
    "PolicyCode",
    "PolicyCodeChange",
    "PolicyImport",
    "PolicyRevision",
    "PolicySource",
    "WithheldUpdate",
]
