"""On PostgreSQL, the search entries that came after the last rebuild: they do not lie on the disk in the order of ids."""

from django.db import migrations

STATEMENTS = [
    # Headings and codes with a policy are marks among the words of an entry now.
    "DROP INDEX procedures_searchentry_headings",
    "DROP INDEX procedures_searchentry_policies",
    # No foreign key: an id without its row does no harm, and Django, which does not know this table, empties the other.
    "CREATE TABLE procedures_searchentry_late (id bigint PRIMARY KEY)",
    # Whatever is there now was not written in that order.
    "INSERT INTO procedures_searchentry_late SELECT id FROM procedures_searchentry",
]
REVERSE = [
    "DROP TABLE procedures_searchentry_late",
    """
    CREATE INDEX procedures_searchentry_policies ON procedures_searchentry USING gin (document)
    WHERE ((id >> 36) & 1) = 0
    """,
    """
    CREATE INDEX procedures_searchentry_headings ON procedures_searchentry USING gin (document)
    WHERE ((id >> 36) & 2) = 2
    """,
]


def run(statements):
    def execute(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return execute


class Migration(migrations.Migration):
    dependencies = [("procedures", "0011_everyday_words")]

    operations = [migrations.RunPython(run(STATEMENTS), run(REVERSE))]
