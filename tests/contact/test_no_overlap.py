"""The constraint in the database: it is there, it stays through changes of the table, and its loss is noticed."""

import datetime

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.state import ProjectState

from contact.models import Booking
from contact.no_overlap import NoOverlap, missing_constraints
from tests.factories import create_booking, create_host, create_meeting_type

NOON = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
NAME = "rooms_stay_no_overlap"
RULE = NoOverlap(name=NAME, owner="room", start="start", end="end", status_field="status", blocking="kept")


def in_transactions(test):
    return pytest.mark.django_db(transaction=True, serialized_rollback=True)(test)


class Rooms:
    """An app of one table that exists while a test runs, with operations of migrations applied to it."""

    def __init__(self):
        self.state = ProjectState()
        self.apply(
            migrations.CreateModel(
                "Stay",
                [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("room", models.IntegerField()),
                    ("start", models.DateTimeField()),
                    ("end", models.DateTimeField()),
                    ("status", models.CharField(max_length=10, default="kept")),
                    ("remark", models.CharField(max_length=10, default="")),
                ],
                options={"constraints": [RULE]},
            )
        )

    def apply(self, *operations: migrations.operations.base.Operation) -> None:
        for operation in operations:
            before, self.state = self.state, self.state.clone()
            operation.state_forwards("rooms", self.state)
            with connection.schema_editor() as editor:
                operation.database_forwards("rooms", editor, before, self.state)

    def take_back(self, operation: migrations.operations.base.Operation) -> None:
        after = self.state.clone()
        operation.state_forwards("rooms", after)
        with connection.schema_editor() as editor:
            operation.database_backwards("rooms", editor, after, self.state)

    @property
    def stays(self) -> type[models.Model]:
        return self.state.apps.get_model("rooms", "Stay")

    def refuses_overlap(self) -> bool:
        """Whether a second stay in the same room at the same time is refused, when made and when moved."""
        self.stays.objects.all().delete()
        self.stays.objects.create(room=1, start=NOON, end=NOON + HOUR)
        later = self.stays.objects.create(room=1, start=NOON + HOUR, end=NOON + 2 * HOUR)
        refused = []
        for write in (
            lambda: self.stays.objects.create(room=1, start=NOON, end=NOON + HOUR),
            lambda: self.stays.objects.filter(pk=later.pk).update(start=NOON),
        ):
            try:
                with transaction.atomic():
                    write()
            except IntegrityError as error:
                refused.append(NAME in str(error))
            else:
                refused.append(False)
        return all(refused)


@pytest.fixture
def rooms(transactional_db):
    if connection.vendor == "postgresql":
        # The extension is there: a migration of this site makes it.
        assert missing_constraints() == []
    made = Rooms()
    yield made
    with connection.schema_editor() as editor:
        editor.delete_model(made.stays)


CHANGES = {
    "another column is altered": [
        migrations.AlterField("Stay", "remark", models.CharField(max_length=20, default="-"))
    ],
    "a column is added": [migrations.AddField("Stay", "guests", models.IntegerField(default=1))],
    "a column is removed": [migrations.RemoveField("Stay", "remark")],
    "another column is renamed": [migrations.RenameField("Stay", "remark", "note")],
    "a column of the rule is altered": [
        migrations.AlterField("Stay", "status", models.CharField(max_length=20, default="kept"))
    ],
    "another constraint comes": [
        migrations.AddConstraint("Stay", models.CheckConstraint(condition=models.Q(room__gte=0), name="room_positive"))
    ],
    "an index comes": [migrations.AddIndex("Stay", models.Index(fields=["room"], name="stay_room"))],
    "the table is renamed": [migrations.AlterModelTable("Stay", "rooms_night")],
    "it is removed and added": [migrations.RemoveConstraint("Stay", NAME), migrations.AddConstraint("Stay", RULE)],
    "a column of the rule is renamed, without it": [
        migrations.RemoveConstraint("Stay", NAME),
        migrations.RenameField("Stay", "room", "place"),
        migrations.RenameField("Stay", "place", "room"),
        migrations.AddConstraint("Stay", RULE),
    ],
    "many things at once": [
        migrations.AddField("Stay", "guests", models.IntegerField(default=1)),
        migrations.AlterField("Stay", "guests", models.BigIntegerField(default=2)),
        migrations.RenameField("Stay", "remark", "note"),
        migrations.RemoveField("Stay", "guests"),
    ],
}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("change", CHANGES)
def test_constraint_stays_when(rooms, change):
    assert rooms.refuses_overlap()

    rooms.apply(*CHANGES[change])

    assert rooms.refuses_overlap()


@in_transactions
def test_constraint_goes_when_it_is_removed_and_when_its_addition_is_taken_back(rooms):
    rooms.apply(migrations.RemoveConstraint("Stay", NAME))
    assert not rooms.refuses_overlap()

    rooms.stays.objects.all().delete()
    addition = migrations.AddConstraint("Stay", RULE)
    rooms.apply(addition)
    assert rooms.refuses_overlap()

    rooms.apply(migrations.RemoveConstraint("Stay", NAME))
    rooms.stays.objects.all().delete()
    with connection.schema_editor() as editor:
        after = rooms.state.clone()
        addition.state_forwards("rooms", after)
        addition.database_forwards("rooms", editor, rooms.state, after)
    rooms.take_back(addition)
    assert not rooms.refuses_overlap()


@in_transactions
def test_addition_to_a_table_that_breaks_the_rule_is_refused_on_postgresql_and_holds_from_then_on_sqlite(rooms):
    rooms.apply(migrations.RemoveConstraint("Stay", NAME))
    for _ in range(2):
        rooms.stays.objects.create(room=1, start=NOON, end=NOON + HOUR)

    if connection.vendor == "postgresql":
        with pytest.raises(IntegrityError):
            rooms.apply(migrations.AddConstraint("Stay", RULE))
        rooms.state.remove_constraint("rooms", "stay", NAME)
    else:
        rooms.apply(migrations.AddConstraint("Stay", RULE))
        assert rooms.refuses_overlap()


def what_holds_bookings_apart() -> dict[str, str]:
    """What the database has of the constraint, by name, with the SQL that makes it anew."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'contact_booking'"
            )
        else:
            cursor.execute(
                "SELECT conname, 'ALTER TABLE contact_booking ADD CONSTRAINT ' || conname || ' ' || "
                "pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'contact_booking_no_overlap'"
            )
        return dict(cursor.fetchall())


def drop(names) -> None:
    with connection.cursor() as cursor:
        for name in names:
            is_sqlite = connection.vendor == "sqlite"
            cursor.execute(
                f"DROP TRIGGER {name}" if is_sqlite else f"ALTER TABLE contact_booking DROP CONSTRAINT {name}"
            )


@in_transactions
def test_loss_of_the_constraint_is_an_error_of_the_checks(client):
    assert missing_constraints() == []
    # Left out of `check` without --database: a build has no database.
    assert not [each for each in run_checks() if each.id == "contact.E001"]
    held = what_holds_bookings_apart()

    drop(held)
    try:
        assert missing_constraints() == ["contact_booking_no_overlap"]
        [error] = run_checks(tags=["database"], databases=["default"])
        assert error.id == "contact.E001"
        assert "contact_booking_no_overlap" in error.msg
        assert client.get("/readyz").status_code == 503
    finally:
        with connection.cursor() as cursor:
            for statement in held.values():
                cursor.execute(statement)
    assert missing_constraints() == []
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "status", "passes"),
    [
        (0, "confirmed", False),
        (29, "confirmed", False),
        (30, "confirmed", True),
        (-30, "confirmed", True),
        (0, "cancelled", True),
    ],
)
def test_form_hears_of_an_overlap_before_the_database(minutes, status, passes):
    host = create_host(hours=None)
    meeting_type = create_meeting_type(hosts=[host])
    create_booking(meeting_type, host, NOON)
    other = create_booking(meeting_type, host, NOON + 24 * HOUR)
    other.status = status
    other.place(NOON + datetime.timedelta(minutes=minutes), length=meeting_type.length, buffers=meeting_type.buffers)

    if passes:
        other.validate_constraints()
        other.save()
    else:
        with pytest.raises(ValidationError, match="The host has another meeting at that time"):
            other.validate_constraints()


@pytest.mark.django_db
def test_form_hears_nothing_of_the_row_itself_and_of_what_it_does_not_hold():
    host = create_host(hours=None)
    booking = create_booking(create_meeting_type(hosts=[host]), host, NOON)

    booking.validate_constraints()
    unplaced = Booking(host=host, name="Kim", email="kim@visitor.example", uid="u", time_zone="UTC")
    unplaced.validate_constraints(exclude={"starts_at", "ends_at"})
    twin = Booking.objects.get()
    twin.pk = None
    twin.validate_constraints(exclude={"host", "uuid", "uid", "request_key"})


def test_constraint_is_the_same_after_it_was_written_into_a_migration():
    path, arguments, keywords = RULE.deconstruct()

    assert path == "contact.no_overlap.NoOverlap"
    assert NoOverlap(*arguments, **keywords) == RULE
    assert RULE.clone() == RULE
    assert NoOverlap(**{**keywords, "blocking": "held"}) != RULE
    assert models.CheckConstraint(condition=models.Q(room=1), name=NAME) != RULE
