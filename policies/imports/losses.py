"""Refuses an export that lacks so much of what is held that it must be damaged."""

from policies.imports.records import ReadPolicies
from policies.imports.summary import LoadSummary
from policies.models import PolicyCode, PolicyImport
from procedures.code_sets.records import RefusedFile

# An export that lacks more than this share of the policies, or of the codes that policies name, is a damaged file
# rather than a revision; a few may go at once.
MOST_LOST = 0.3
POLICIES_COUNT_FROM = 50
CODES_COUNT_FROM = 500


def refuse_great_losses(read: ReadPolicies, summary: LoadSummary) -> None:
    """Raises RefusedFile for an export of the Medicare Coverage Database; lists of plans may shrink as they like."""
    if read.kind != PolicyImport.Kind.MCD:
        return
    held = summary.read + summary.missing
    if summary.missing >= POLICIES_COUNT_FROM and summary.missing > MOST_LOST * held:
        raise RefusedFile(read.source_name, f"it lacks {summary.missing:,} of {held:,} documents, so it is not whole.")
    dropped = summary.codes_dropped
    if dropped >= CODES_COUNT_FROM:
        held = PolicyCode.objects.count() + dropped - summary.codes_added
        if dropped > MOST_LOST * held:
            text = f"it lacks {dropped:,} of the {held:,} codes that documents named, so it is not whole."
            raise RefusedFile(read.source_name, text)
