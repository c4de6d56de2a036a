"""The full-text index of each engine, beside SearchEntry. See procedures/search/sqlite.py and postgresql.py."""

from django.db import migrations

SQLITE = [
    """
    CREATE VIRTUAL TABLE procedures_searchindex USING fts5 (
        flags, title, short, names, guide,
        content='procedures_searchentry', content_rowid='id', detail=column, prefix='1 2 3',
        tokenize="unicode61 remove_diacritics 0 tokenchars '.='"
    )
    """,
    """
    CREATE TRIGGER procedures_searchentry_leaves AFTER DELETE ON procedures_searchentry BEGIN
        INSERT INTO procedures_searchindex (procedures_searchindex, rowid, flags, title, short, names, guide)
        VALUES ('delete', old.id, old.flags, old.title, old.short, old.names, old.guide);
    END
    """,
]
SQLITE_REVERSE = ["DROP TRIGGER procedures_searchentry_leaves", "DROP TABLE procedures_searchindex"]

POSTGRESQL = [
    # The words are lexemes as they are: to_tsvector would cut some of them again (3e033gc into 3e033 and gc). Words of
    # the title and the names stand there a second time, behind ^, to tell them from words of the other columns.
    """
    ALTER TABLE procedures_searchentry ADD COLUMN document tsvector GENERATED ALWAYS AS (
        array_to_tsvector(
            string_to_array(title, ' ') || string_to_array(names, ' ') ||
            string_to_array(short, ' ') || string_to_array(guide, ' ') ||
            string_to_array('^' || replace(title, ' ', ' ^'), ' ') ||
            CASE WHEN names = '' THEN '{}' ELSE string_to_array('^' || replace(names, ' ', ' ^'), ' ') END
        )
    ) STORED
    """,

    "CREATE INDEX procedures_searchentry_document ON procedures_searchentry USING gin (document)",
    # Headings (bit 37 of the id) and codes with a policy (bit 36 not set) are few: each has an index of its own.
    """
    CREATE INDEX procedures_searchentry_headings ON procedures_searchentry USING gin (document)
    WHERE ((id >> 36) & 2) = 2
    """,
    """
    CREATE INDEX procedures_searchentry_policies ON procedures_searchentry USING gin (document)
    WHERE ((id >> 36) & 1) = 0
    """,
]
POSTGRESQL_REVERSE = ["ALTER TABLE procedures_searchentry DROP COLUMN document"]


def run(sqlite, postgresql):
    def execute(apps, schema_editor):
        for statement in postgresql if schema_editor.connection.vendor == "postgresql" else sqlite:
            schema_editor.execute(statement)

    return execute


class Migration(migrations.Migration):
    dependencies = [("procedures", "0002_code_systems")]

    operations = [migrations.RunPython(run(SQLITE, POSTGRESQL), run(SQLITE_REVERSE, POSTGRESQL_REVERSE))]
