from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CodesiteConfig(AppConfig):
    name = "codesite"

    def ready(self):
        from codesite import checks  # noqa: F401  (registers them)


class EditorsDeskConfig(AdminConfig):
    """Django's admin with our own site of it."""

    default_site = "codesite.desk.EditorsDesk"
