from django.apps import AppConfig


class ContactConfig(AppConfig):
    name = "contact"
    verbose_name = "Messages and meetings"

    def ready(self):
        from contact import checks  # noqa: F401  (registers them)
