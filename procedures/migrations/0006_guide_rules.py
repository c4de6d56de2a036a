"""The rules that every public guide keeps from now on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("procedures", "0005_guides_to_drafts")]

    operations = [
        migrations.AlterField(
            model_name='guide',
            name='changed_at',
            field=models.DateTimeField(db_index=True, editable=False, help_text='Last publication of another text.'),
        ),
        migrations.AlterField(
            model_name='guide',
            name='published_at',
            field=models.DateTimeField(db_index=True, editable=False, help_text='First publication.'),
        ),
        migrations.AddConstraint(
            model_name='guide',
            constraint=models.CheckConstraint(condition=models.Q(('document_name', ''), ('section_sources', {}), ('sources', ''), _negated=True), name='procedures_guide_has_source', violation_error_message='Name at least one source: a guide without sources cannot be published.'),
        ),
        migrations.AddConstraint(
            model_name='guide',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('unpublish_reason', ''), ('unpublished_at__isnull', True)), models.Q(('unpublished_at__isnull', False), models.Q(('unpublish_reason', ''), _negated=True)), _connector='OR'), name='procedures_guide_unpublished_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='guide',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('review_due_on__isnull', True), ('reviewed_by', ''), ('reviewed_on__isnull', True), ('reviewed_text_of__isnull', True)), models.Q(('review_due_on__gt', models.F('reviewed_on')), ('review_due_on__isnull', False), ('reviewed_on__isnull', False), ('reviewed_text_of__isnull', False), models.Q(('reviewed_by', ''), _negated=True)), _connector='OR'), name='procedures_guide_review_is_whole', violation_error_message='A review has a day, a reviewer, and a later day on which the next is due.'),
        ),
        migrations.AddConstraint(
            model_name='guide',
            constraint=models.CheckConstraint(condition=models.Q(('changed_at__gte', models.F('published_at'))), name='procedures_guide_changed_after_published'),
        ),
        migrations.AddConstraint(
            model_name='guide',
            constraint=models.CheckConstraint(condition=models.Q(('publisher', ''), _negated=True), name='procedures_guide_has_publisher'),
        ),
    ]
