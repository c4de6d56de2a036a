"""Drafts beside the public guides, their history, what visitors look for, and uploads of releases."""

import django.db.models.deletion
import procedures.models.guide_drafts
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('procedures', '0003_search_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyViews',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True)),
                ('count', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'daily views of codes',
                'verbose_name_plural': 'daily views of codes',
                'ordering': ['-day', '-count'],
            },
        ),
        migrations.CreateModel(
            name='GuideDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('procedure_name', models.TextField(blank=True, help_text='How people and clinicians call it, as a list: “- Common name(s): knee scope; keyhole knee surgery”, “- Technical or medical term: knee arthroscopy”. These become names by which search finds the code.', max_length=50000, verbose_name='name of the procedure')),
                ('summary', models.TextField(blank=True, help_text='What it is and what it is for, in two to four sentences. The first thing that is read.', max_length=50000)),
                ('purpose', models.TextField(blank=True, help_text='What it is done for: the conditions it treats or finds, and the goal.', max_length=50000)),
                ('indications', models.TextField(blank=True, help_text='Who it is for: symptoms, conditions, criteria. A list reads best.', max_length=50000)),
                ('preparation', models.TextField(blank=True, help_text='What to do before: food and drink, medicines, tests, what to bring, what to tell the team.', max_length=50000)),
                ('procedure_description', models.TextField(blank=True, help_text='What happens, step by step, from the patient’s side. Numbered steps: “1. The skin is cleaned.”', max_length=50000)),
                ('duration', models.TextField(blank=True, help_text='How long it takes, waiting and watching included; how often it is done.', max_length=50000)),
                ('setting', models.TextField(blank=True, help_text='Where it is done: office, clinic, hospital, home.', max_length=50000)),
                ('personnel', models.TextField(blank=True, help_text='Who does it and who else is there.', max_length=50000)),
                ('risks_and_complications', models.TextField(blank=True, help_text='“Common risks:” and “Rare risks:” as lists, then when to call a doctor and when to call 911.', max_length=50000)),
                ('benefits', models.TextField(blank=True, help_text='What to hope for, how likely, and how soon. No promises.', max_length=50000)),
                ('recovery', models.TextField(blank=True, help_text='What happens afterwards: rest, work, driving, follow-up, what is normal.', max_length=50000)),
                ('alternatives', models.TextField(blank=True, help_text='Other options, doing nothing included, with their pros and cons.', max_length=50000)),
                ('patient_experience', models.TextField(blank=True, help_text='What it feels like before, during and after.', max_length=50000)),
                ('sources', models.TextField(blank=True, help_text='The references that the whole text was checked against, as a list: publisher, title, address, day read. A guide without any source cannot be published.', max_length=50000)),
                ('section_sources', models.JSONField(blank=True, default=dict, editable=False, help_text='Sources of single sections: small Markdown by the field of the section; none is empty.')),
                ('document_name', models.CharField(blank=True, editable=False, help_text='File name of the document that the text came from.', max_length=255)),
                ('document_digest', models.CharField(blank=True, editable=False, help_text='Its SHA-256, in hex.', max_length=64)),
                ('document_date', models.DateField(blank=True, editable=False, help_text='Day on which it was imported.', null=True)),
                ('word_count', models.PositiveIntegerField(default=0, editable=False)),
                ('reading_grade', models.FloatField(blank=True, editable=False, help_text='Flesch-Kincaid; none for a very short text.', null=True)),
                ('empty_sections', models.PositiveSmallIntegerField(default=0, editable=False, help_text='How many of the 14 sections have no text.')),
                ('is_unfinished', models.BooleanField(default=False, editable=False, help_text='The text has marks such as TODO or [name].')),
                ('mentions_retirement', models.BooleanField(default=False, editable=False, help_text='The text says that the code is no longer used.')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('in-review', 'in review'), ('approved', 'approved')], db_index=True, default='draft', editable=False, max_length=10)),
                ('change_note', models.CharField(blank=True, help_text='One sentence for readers, shown with the differences after publication: “Updated the fasting time.”', max_length=300, verbose_name='what changes')),
                ('note', models.TextField(blank=True, editable=False, help_text='Why it was sent back.', max_length=5000)),
                ('go_live_at', models.DateTimeField(blank=True, editable=False, help_text='Time from which publish_due puts it live.', null=True)),
                ('version', models.PositiveIntegerField(default=0, editable=False, help_text='Counts saves and steps.')),
                ('has_text_of_a_person', models.BooleanField(default=False, editable=False, help_text='A person wrote in it: an import leaves it alone.')),
                ('preview_key', models.CharField(default=procedures.models.guide_drafts.new_preview_key, editable=False, max_length=32)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(auto_now=True, db_index=True)),
            ],
            options={
                'verbose_name': 'guide in work',
                'verbose_name_plural': 'guides in work',
                'ordering': ['-changed_at'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalCodeName',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('kind', models.CharField(choices=[('brand', 'brand name'), ('generic', 'generic name'), ('common', 'common name'), ('technical', 'technical or medical term'), ('inclusion', 'inclusion term')], max_length=12)),
                ('text', models.CharField(max_length=300)),
                ('source', models.CharField(help_text='Where the name was found, such as Guide or ASP crosswalk.', max_length=120)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical code name',
                'verbose_name_plural': 'historical code names',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalGuide',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('procedure_name', models.TextField(blank=True, help_text='How people and clinicians call it, as a list: “- Common name(s): knee scope; keyhole knee surgery”, “- Technical or medical term: knee arthroscopy”. These become names by which search finds the code.', max_length=50000, verbose_name='name of the procedure')),
                ('summary', models.TextField(blank=True, help_text='What it is and what it is for, in two to four sentences. The first thing that is read.', max_length=50000)),
                ('purpose', models.TextField(blank=True, help_text='What it is done for: the conditions it treats or finds, and the goal.', max_length=50000)),
                ('indications', models.TextField(blank=True, help_text='Who it is for: symptoms, conditions, criteria. A list reads best.', max_length=50000)),
                ('preparation', models.TextField(blank=True, help_text='What to do before: food and drink, medicines, tests, what to bring, what to tell the team.', max_length=50000)),
                ('procedure_description', models.TextField(blank=True, help_text='What happens, step by step, from the patient’s side. Numbered steps: “1. The skin is cleaned.”', max_length=50000)),
                ('duration', models.TextField(blank=True, help_text='How long it takes, waiting and watching included; how often it is done.', max_length=50000)),
                ('setting', models.TextField(blank=True, help_text='Where it is done: office, clinic, hospital, home.', max_length=50000)),
                ('personnel', models.TextField(blank=True, help_text='Who does it and who else is there.', max_length=50000)),
                ('risks_and_complications', models.TextField(blank=True, help_text='“Common risks:” and “Rare risks:” as lists, then when to call a doctor and when to call 911.', max_length=50000)),
                ('benefits', models.TextField(blank=True, help_text='What to hope for, how likely, and how soon. No promises.', max_length=50000)),
                ('recovery', models.TextField(blank=True, help_text='What happens afterwards: rest, work, driving, follow-up, what is normal.', max_length=50000)),
                ('alternatives', models.TextField(blank=True, help_text='Other options, doing nothing included, with their pros and cons.', max_length=50000)),
                ('patient_experience', models.TextField(blank=True, help_text='What it feels like before, during and after.', max_length=50000)),
                ('sources', models.TextField(blank=True, help_text='The references that the whole text was checked against, as a list: publisher, title, address, day read. A guide without any source cannot be published.', max_length=50000)),
                ('section_sources', models.JSONField(blank=True, default=dict, editable=False, help_text='Sources of single sections: small Markdown by the field of the section; none is empty.')),
                ('document_name', models.CharField(blank=True, editable=False, help_text='File name of the document that the text came from.', max_length=255)),
                ('document_digest', models.CharField(blank=True, editable=False, help_text='Its SHA-256, in hex.', max_length=64)),
                ('document_date', models.DateField(blank=True, editable=False, help_text='Day on which it was imported.', null=True)),
                ('published_at', models.DateTimeField(db_index=True, editable=False, help_text='First publication.')),
                ('changed_at', models.DateTimeField(db_index=True, editable=False, help_text='Last publication of another text.')),
                ('publisher', models.CharField(editable=False, help_text='Who published this text: a user name, “import” or “demonstration”.', max_length=150)),
                ('unpublished_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('unpublish_reason', models.CharField(blank=True, editable=False, help_text='Why the guide is off the page; visitors read it.', max_length=300)),
                ('reviewed_on', models.DateField(blank=True, help_text='Day on which a clinician checked the whole page. A mere edit never moves it.', null=True)),
                ('reviewed_by', models.CharField(blank=True, help_text='Name and profession of the clinician, as visitors read it.', max_length=150)),
                ('review_due_on', models.DateField(blank=True, help_text='Day by which it is to be reviewed again.', null=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical public guide',
                'verbose_name_plural': 'historical public guides',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalMedicalCode',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.CharField(help_text='As it is shown: C84.02.', max_length=12)),
                ('remark', models.TextField(blank=True, help_text='Shown on the code’s page as a remark of the editors, such as what to know of a change of the code.', max_length=1000, verbose_name='editors’ remark')),
                ('remark_source', models.CharField(blank=True, help_text='The document that says so, such as “CMS HCPCS quarterly update, July 2025”.', max_length=300, verbose_name='source of the remark')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical medical code',
                'verbose_name_plural': 'historical medical codes',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalSuccession',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('source', models.CharField(choices=[('cms-cross-reference', 'CMS cross-reference'), ('icd-addenda', 'ICD-10 addenda'), ('editor', 'an editor')], default='editor', max_length=20)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical succession',
                'verbose_name_plural': 'historical successions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ReleaseUpload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='File name as uploaded.', max_length=255)),
                ('version', models.CharField(blank=True, help_text='Year and month given by hand, or empty.', max_length=7)),
                ('content', models.BinaryField()),
                ('uploaded_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-uploaded_at'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SearchWithoutResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(help_text='The words asked for, in lower case.', max_length=120)),
                ('day', models.DateField(db_index=True)),
                ('count', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'search without result',
                'verbose_name_plural': 'searches without result',
                'ordering': ['-day', '-count'],
            },
        ),
        migrations.AlterModelOptions(
            name='guide',
            options={'ordering': ['code'], 'permissions': [('publish_guide', 'Can approve, publish and unpublish guides'), ('review_guide', 'Can record the review of a guide by a clinician')], 'verbose_name': 'public guide'},
        ),
        migrations.RenameField(model_name='guide', old_name='updated_at', new_name='changed_at'),
        migrations.AddField(
            model_name='guide',
            name='document_date',
            field=models.DateField(blank=True, editable=False, help_text='Day on which it was imported.', null=True),
        ),
        migrations.AddField(
            model_name='guide',
            name='document_digest',
            field=models.CharField(blank=True, editable=False, help_text='Its SHA-256, in hex.', max_length=64),
        ),
        migrations.AddField(
            model_name='guide',
            name='document_name',
            field=models.CharField(blank=True, editable=False, help_text='File name of the document that the text came from.', max_length=255),
        ),
        migrations.AddField(
            model_name='guide',
            name='empty_sections',
            field=models.PositiveSmallIntegerField(default=0, editable=False, help_text='How many of the 14 sections have no text.'),
        ),
        migrations.AddField(
            model_name='guide',
            name='is_unfinished',
            field=models.BooleanField(default=False, editable=False, help_text='The text has marks such as TODO or [name].'),
        ),
        migrations.AddField(
            model_name='guide',
            name='mentions_retirement',
            field=models.BooleanField(default=False, editable=False, help_text='The text says that the code is no longer used.'),
        ),
        migrations.AddField(
            model_name='guide',
            name='publisher',
            field=models.CharField(default='unknown', editable=False, help_text='Who published this text: a user name, “import” or “demonstration”.', max_length=150),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='guide',
            name='reading_grade',
            field=models.FloatField(blank=True, editable=False, help_text='Flesch-Kincaid; none for a very short text.', null=True),
        ),
        migrations.AddField(
            model_name='guide',
            name='review_due_on',
            field=models.DateField(blank=True, help_text='Day by which it is to be reviewed again.', null=True),
        ),
        migrations.AddField(
            model_name='guide',
            name='reviewed_by',
            field=models.CharField(blank=True, help_text='Name and profession of the clinician, as visitors read it.', max_length=150),
        ),
        migrations.AddField(
            model_name='guide',
            name='reviewed_on',
            field=models.DateField(blank=True, help_text='Day on which a clinician checked the whole page. A mere edit never moves it.', null=True),
        ),
        migrations.AddField(
            model_name='guide',
            name='section_sources',
            field=models.JSONField(blank=True, default=dict, editable=False, help_text='Sources of single sections: small Markdown by the field of the section; none is empty.'),
        ),
        migrations.AddField(
            model_name='guide',
            name='sketch',
            field=models.JSONField(default=list, editable=False, help_text='Hashes by which near duplicates are found (procedures.reading_hints).'),
        ),
        migrations.AddField(
            model_name='guide',
            name='unpublish_reason',
            field=models.CharField(blank=True, editable=False, help_text='Why the guide is off the page; visitors read it.', max_length=300),
        ),
        migrations.AddField(
            model_name='guide',
            name='unpublished_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='guide',
            name='word_count',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='medicalcode',
            name='remark',
            field=models.TextField(blank=True, help_text='Shown on the code’s page as a remark of the editors, such as what to know of a change of the code.', max_length=1000, verbose_name='editors’ remark'),
        ),
        migrations.AddField(
            model_name='medicalcode',
            name='remark_source',
            field=models.CharField(blank=True, help_text='The document that says so, such as “CMS HCPCS quarterly update, July 2025”.', max_length=300, verbose_name='source of the remark'),
        ),
        migrations.AlterField(
            model_name='guide',
            name='alternatives',
            field=models.TextField(blank=True, help_text='Other options, doing nothing included, with their pros and cons.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='benefits',
            field=models.TextField(blank=True, help_text='What to hope for, how likely, and how soon. No promises.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='duration',
            field=models.TextField(blank=True, help_text='How long it takes, waiting and watching included; how often it is done.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='html',
            field=models.JSONField(default=dict, editable=False, help_text='All that the public reads, rendered, by field.'),
        ),
        migrations.AlterField(
            model_name='guide',
            name='indications',
            field=models.TextField(blank=True, help_text='Who it is for: symptoms, conditions, criteria. A list reads best.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='patient_experience',
            field=models.TextField(blank=True, help_text='What it feels like before, during and after.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='personnel',
            field=models.TextField(blank=True, help_text='Who does it and who else is there.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='preparation',
            field=models.TextField(blank=True, help_text='What to do before: food and drink, medicines, tests, what to bring, what to tell the team.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='procedure_description',
            field=models.TextField(blank=True, help_text='What happens, step by step, from the patient’s side. Numbered steps: “1. The skin is cleaned.”', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='procedure_name',
            field=models.TextField(blank=True, help_text='How people and clinicians call it, as a list: “- Common name(s): knee scope; keyhole knee surgery”, “- Technical or medical term: knee arthroscopy”. These become names by which search finds the code.', max_length=50000, verbose_name='name of the procedure'),
        ),
        migrations.AlterField(
            model_name='guide',
            name='purpose',
            field=models.TextField(blank=True, help_text='What it is done for: the conditions it treats or finds, and the goal.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='recovery',
            field=models.TextField(blank=True, help_text='What happens afterwards: rest, work, driving, follow-up, what is normal.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='risks_and_complications',
            field=models.TextField(blank=True, help_text='“Common risks:” and “Rare risks:” as lists, then when to call a doctor and when to call 911.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='setting',
            field=models.TextField(blank=True, help_text='Where it is done: office, clinic, hospital, home.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='sources',
            field=models.TextField(blank=True, help_text='The references that the whole text was checked against, as a list: publisher, title, address, day read. A guide without any source cannot be published.', max_length=50000),
        ),
        migrations.AlterField(
            model_name='guide',
            name='summary',
            field=models.TextField(blank=True, help_text='What it is and what it is for, in two to four sentences. The first thing that is read.', max_length=50000),
        ),
        migrations.AddIndex(
            model_name='guide',
            index=models.Index(fields=['review_due_on'], name='procedures_guide_review_due'),
        ),
        migrations.AddConstraint(
            model_name='medicalcode',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('remark', ''), ('remark_source', '')), models.Q(models.Q(('remark', ''), _negated=True), models.Q(('remark_source', ''), _negated=True)), _connector='OR'), name='procedures_medicalcode_remark_with_source', violation_error_message='A remark needs its source, and a source its remark.'),
        ),
        migrations.AddField(
            model_name='dailyviews',
            name='code',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_views', to='procedures.medicalcode'),
        ),
        migrations.AddField(
            model_name='guidedraft',
            name='approved_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='guidedraft',
            name='author',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='guidedraft',
            name='changed_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='guidedraft',
            name='code',
            field=models.OneToOneField(error_messages={'unique': 'A guide of this code is in work already: go on with that one.'}, on_delete=django.db.models.deletion.CASCADE, related_name='guide_draft', to='procedures.medicalcode'),
        ),
        migrations.AddField(
            model_name='guidedraft',
            name='contributors',
            field=models.ManyToManyField(editable=False, help_text='All who wrote in it: none may approve it.', related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='guidedraft',
            name='noted_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalcodename',
            name='code',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='procedures.medicalcode'),
        ),
        migrations.AddField(
            model_name='historicalcodename',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalguide',
            name='code',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='procedures.medicalcode'),
        ),
        migrations.AddField(
            model_name='historicalguide',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalmedicalcode',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalsuccession',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalsuccession',
            name='predecessor',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='procedures.medicalcode'),
        ),
        migrations.AddField(
            model_name='historicalsuccession',
            name='successor',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='procedures.medicalcode'),
        ),
        migrations.AddField(
            model_name='releaseupload',
            name='system',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='procedures.codesystem'),
        ),
        migrations.AddField(
            model_name='releaseupload',
            name='uploaded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='searchwithoutresult',
            constraint=models.UniqueConstraint(fields=('text', 'day'), name='procedures_searchwithoutresult_once'),
        ),
        migrations.AddConstraint(
            model_name='searchwithoutresult',
            constraint=models.CheckConstraint(condition=models.Q(('count__gt', 0)), name='procedures_searchwithoutresult_counts_something'),
        ),
        migrations.AddConstraint(
            model_name='searchwithoutresult',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('text', ''), _negated=True), models.Q(('text__contains', '@'), _negated=True)), name='procedures_searchwithoutresult_no_address'),
        ),
        migrations.AddConstraint(
            model_name='dailyviews',
            constraint=models.UniqueConstraint(fields=('code', 'day'), name='procedures_dailyviews_once'),
        ),
        migrations.AddConstraint(
            model_name='dailyviews',
            constraint=models.CheckConstraint(condition=models.Q(('count__gt', 0)), name='procedures_dailyviews_counts_something'),
        ),
        migrations.AddConstraint(
            model_name='guidedraft',
            constraint=models.CheckConstraint(condition=models.Q(('alternatives', ''), ('benefits', ''), ('duration', ''), ('indications', ''), ('patient_experience', ''), ('personnel', ''), ('preparation', ''), ('procedure_description', ''), ('procedure_name', ''), ('purpose', ''), ('recovery', ''), ('risks_and_complications', ''), ('setting', ''), ('summary', ''), _negated=True), name='procedures_guidedraft_has_text', violation_error_message='Write at least one section: a guide without text cannot be saved.'),
        ),
        migrations.AddConstraint(
            model_name='guidedraft',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'in-review', 'approved'])), name='procedures_guidedraft_state_known'),
        ),
        migrations.AddConstraint(
            model_name='guidedraft',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'approved'), models.Q(('approved_by__isnull', True), ('go_live_at__isnull', True)), _connector='OR'), name='procedures_guidedraft_only_approved_go_live'),
        ),
        migrations.AddConstraint(
            model_name='releaseupload',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='procedures_releaseupload_has_name'),
        ),
        migrations.AddField(
            model_name='guide',
            name='approved_by',
            field=models.CharField(blank=True, editable=False, help_text='User name of who approved it.', max_length=150),
        ),
        migrations.AddField(
            model_name='guide',
            name='reviewed_text_of',
            field=models.DateTimeField(blank=True, editable=False, help_text='`changed_at` of the text that was reviewed.', null=True),
        ),
        migrations.AddField(
            model_name='guide',
            name='written_by',
            field=models.CharField(blank=True, editable=False, help_text='User names of all who wrote in this text.', max_length=500),
        ),
        migrations.AddField(
            model_name='historicalguide',
            name='approved_by',
            field=models.CharField(blank=True, editable=False, help_text='User name of who approved it.', max_length=150),
        ),
        migrations.AddField(
            model_name='historicalguide',
            name='reviewed_text_of',
            field=models.DateTimeField(blank=True, editable=False, help_text='`changed_at` of the text that was reviewed.', null=True),
        ),
        migrations.AddField(
            model_name='historicalguide',
            name='written_by',
            field=models.CharField(blank=True, editable=False, help_text='User names of all who wrote in this text.', max_length=500),
        ),
        migrations.AlterField(
            model_name='releaseupload',
            name='uploaded_at',
            field=models.DateTimeField(auto_now_add=True, db_index=True),
        ),
        migrations.CreateModel(
            name='SheetUpload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='File name as uploaded.', max_length=255)),
                ('content', models.BinaryField()),
                ('uploaded_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('label', models.CharField(help_text='What it is a sheet of: procedures.CodeName.', max_length=100)),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-uploaded_at'],
                'abstract': False,
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='procedures_sheetupload_has_name')],
            },
        ),
    ]
