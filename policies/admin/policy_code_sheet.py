"""The sheet of the codes that policies name."""

from django.core.exceptions import ValidationError
from import_export.fields import Field
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from policies.changes import PolicyState, record_change
from policies.models import Policy, PolicyCode
from procedures.admin.sheet_resources import CodesOfSheet, SheetResource, read_day
from procedures.batches import PK_BATCH, batches

# Each is recorded as a revision of its own: more would take longer than a page may.
MOST_POLICIES = 200

WRITTEN = ["prior_authorization", "note", "starts", "ends", "source"]


class PolicyCodeResource(SheetResource):
    """Codes of policies: rows are the same by policy, code, what it is listed as, and label.

    `policy` is the eight digits of its address, or its number where no other policy has that.
    """

    columns = [
        *["policy", "system", "code", "listed_as", "label", "prior_authorization", "note", "from", "until", "source"],
    ]
    exported_only = ["number", "title", "range"]

    policy = Field(attribute="policy__public_id", column_name="policy")
    number = Field(attribute="policy__number", column_name="number")
    title = Field(attribute="policy__title", column_name="title")
    system = Field(attribute="code__system__slug", column_name="system")
    code = Field(attribute="code__code", column_name="code")
    starts = Field(attribute="starts", column_name="from")
    ends = Field(attribute="ends", column_name="until")

    class Meta:
        model = PolicyCode
        fields = [
            *["policy", "number", "title", "system", "code", "listed_as", "label", "prior_authorization", "note"],
            *["starts", "ends", "source", "range"],
        ]
        export_order = fields
        import_id_fields = ["policy", "code"]
        skip_diff = True
        report_skipped = True

    @classmethod
    def rows_to_export(cls, queryset):
        return queryset.select_related("policy", "code__system").defer("policy__summary", "code__long_description")

    def prepare(self, rows):
        self.codes = CodesOfSheet(rows, ["code"])
        self._policies: dict[str, list[Policy]] = {}
        for batch in batches(sorted({row["policy"] for row in rows})):
            for policy in Policy.objects.filter(public_id__in=[text.lower() for text in batch]):
                self._policies[policy.public_id] = [policy]
        numbers = {row["policy"] for row in rows if row["policy"] and row["policy"].lower() not in self._policies}
        for batch in batches(sorted(numbers)):
            for policy in Policy.objects.filter(number__in=batch):
                self._policies.setdefault(policy.number, []).append(policy)
        self.held: dict[tuple[int, int, str, str], PolicyCode] = {}
        policies = [policy.pk for found in self._policies.values() for policy in found]
        for batch in batches(self.codes.ids):
            for row in PolicyCode.objects.filter(code__in=batch, policy__in=policies):
                self.held[row.policy_id, row.code_id, row.listed_as, row.label] = row

    def find(self, row):
        policy, code = self._find_policy(row["policy"]), self.codes.find(row)
        listed_as = _choice(row, "listed_as", PolicyCode.ListedAs) or PolicyCode.ListedAs.NAMED
        key = (policy.pk, code.pk, listed_as, row["label"])
        self.once(key)
        found = self.held.get(key) or PolicyCode(listed_as=listed_as, label=row["label"])
        # One that is held came without them.
        found.policy, found.code = policy, code
        return found

    def _find_policy(self, text: str) -> Policy:
        found = self._policies.get(text.lower()) or self._policies.get(text, [])
        if not found:
            raise ValidationError(f"Unknown policy “{text}”. Write its number, or the eight digits of its address.")
        if len(found) > 1:
            raise ValidationError(
                f"{len(found)} policies have the number {text}: write the eight digits of the address instead."
            )
        return found[0]

    def set_values(self, instance, row):
        values = {
            "prior_authorization": _choice(row, "prior_authorization", PolicyCode.PriorAuthorization)
            or PolicyCode.PriorAuthorization.UNKNOWN,
            "note": row["note"],
            "starts": read_day(row, "from") if row["from"] else None,
            "ends": read_day(row, "until") if row["until"] else None,
            "source": row["source"],
        }
        is_changed = any(getattr(instance, name) != value for name, value in values.items())
        if instance.pk and is_changed and not self.user.has_perm("policies.change_policycode"):
            raise ValidationError("The policy names this code already, and you may not change what it says of it.")
        for name, value in values.items():
            setattr(instance, name, value)

    def texts_of(self, instance):
        return [
            *[instance.policy.public_id, instance.code.system.slug, instance.code.code, str(instance.listed_as)],
            *[instance.label, str(instance.prior_authorization), instance.note],
            *[str(instance.starts or ""), str(instance.ends or ""), instance.source],
        ]

    def check(self, instance):
        super().check(instance)
        if instance.starts and instance.ends and instance.ends < instance.starts:
            raise ValidationError("It cannot end before it starts.")

    def write(self, *, dry_run):
        policies = {row.policy_id: row.policy for row in [*self.added, *self.changed]}
        if len(policies) > MOST_POLICIES:
            raise ValidationError(
                f"This sheet would change {len(policies):,} policies, and at most {MOST_POLICIES} can be changed at "
                "once. Split it into several sheets."
            )
        before = {} if dry_run else {pk: PolicyState.of(policy) for pk, policy in policies.items()}
        bulk_create_with_history(self.added, PolicyCode, batch_size=PK_BATCH, default_user=self.user)
        bulk_update_with_history(self.changed, PolicyCode, WRITTEN, batch_size=PK_BATCH, default_user=self.user)
        for pk, state in before.items():
            record_change(policies[pk], state)


def _choice(row: dict[str, str], column: str, choices) -> str:
    """The value that a cell names by itself or its label; "" for an empty one. Raises ValidationError."""
    text = row[column].casefold()
    for value, label in choices.choices:
        if text in (value, label.casefold()):
            return value
    if text:
        raise ValidationError(f"{column}: “{row[column]}” is not known. Known: {', '.join(choices.values)}.")
    return ""
