"""Policies and health plans on the editors' desk. Each module registers the admin of one subject."""

from policies.admin import imports_and_revisions, plans, policies, policy_codes, policy_health, withheld_updates

__all__ = ["imports_and_revisions", "plans", "policies", "policy_codes", "policy_health", "withheld_updates"]
