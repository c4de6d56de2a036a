"""Settings of the site: everything that differs between deployments comes from the environment (see README.md)."""

import datetime
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from codesite.environment import Environment, keep_new_secret

BASE_DIR = Path(__file__).resolve().parent.parent
environment = Environment.with_file(BASE_DIR / ".env")

DEBUG = environment.boolean("DEBUG", False)
HTTPS_ONLY = environment.boolean("HTTPS_ONLY", not DEBUG)
SECRET_KEY = environment.text("SECRET_KEY") or (keep_new_secret(BASE_DIR / ".env", "SECRET_KEY") if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. A deployment sets its own in the environment; "
        "with DEBUG=1 one is made and kept in .env."
    )
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
SITE_URL = environment.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
ADMIN_PATH = environment.text("ADMIN_PATH", "admin/").strip("/") + "/"
TRUSTED_PROXY_COUNT = environment.integer("TRUSTED_PROXY_COUNT", 0)
ENVIRONMENT_NAME = environment.text("ENVIRONMENT_NAME", "development" if DEBUG else "")

INSTALLED_APPS = [
    "codesite.apps.CodesiteConfig",
    "procedures",
    "policies",
    "contact",
    "django_filters",
    "simple_history",
    "import_export",
    "axes",
    "codesite.apps.EditorsDeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "codesite.security_headers.ContentSecurityPolicyMiddleware",
    "codesite.security_headers.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    # Last: it replaces the answer of the log-in form.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "codesite.urls"
WSGI_APPLICATION = "codesite.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database(url: str) -> dict:
    """The DATABASES entry of a sqlite:/// or postgresql:// address; raises ImproperlyConfigured for any other."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        # A connection is kept: opening one reads the whole schema. Each thread has its own.
        entry = dj_database_url.parse(url, conn_max_age=None)
        # IMMEDIATE takes the write lock at the start of a transaction, so that two writers queue instead of failing
        # half-way; it must never meet ATOMIC_REQUESTS, which would make each reader a writer.
        # FULL writes each commit to the disk before it is told of: a message that was thanked for survives a power cut.
        entry["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 60,
            "init_command": ("PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-16000"),
        }
        return entry
    if scheme in ("postgresql", "postgres"):
        entry = dj_database_url.parse(url)
        # The queries of a page take milliseconds: compiling them or calling helper processes takes longer.
        entry["OPTIONS"] = {
            "options": "-c jit=off -c max_parallel_workers_per_gather=0",
            **entry.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": 8, "timeout": 10},
        }
        return entry
    raise ImproperlyConfigured(f"DATABASE_URL begins with {scheme!r}: write sqlite:///... or postgresql://...")


DATABASES = {"default": database(environment.text("DATABASE_URL", f"sqlite:///{BASE_DIR / 'codesite.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    # First: it refuses before a password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_AGE = 8 * 60 * 60

# Five wrong passwords for one name from one address lock that pair for an hour: the name alone would let anybody lock
# an editor out, the address alone would lock out an office. Kept are the failures that still count, nothing else.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = datetime.timedelta(hours=1)
# An attempt while locked neither counts nor makes the hour longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_CLIENT_IP_CALLABLE = "codesite.client_address.client_network"
AXES_USERNAME_CALLABLE = "codesite.login_throttling.attempted_name"
AXES_LOCKOUT_CALLABLE = "codesite.login_throttling.too_many_attempts"
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
# Verbose lines in the log of the server would name people and their addresses.
AXES_VERBOSE = False
# codesite.admin shows what is kept.
AXES_ENABLE_ADMIN = False

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

# Who may use sheets. codesite.checks refuses to start with these opened.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "add"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

# Where the team is told of messages; without it they stand on the editors' desk alone.
CONTACT_INBOX = environment.text("CONTACT_INBOX")
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "codesite@localhost")
EMAIL_HOST = environment.text("EMAIL_HOST", "localhost")
EMAIL_PORT = environment.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.boolean("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = environment.boolean("EMAIL_USE_SSL", False)
# Seconds. A lease of contact.outbox is several times as long.
EMAIL_TIMEOUT = 10
if DEBUG and not environment.text("EMAIL_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Off for drills only: how often one address may write or book.
RATE_LIMITS = environment.boolean("RATE_LIMITS", True)
# Days after which `purge` deletes messages that are done, and what past meetings say of visitors.
CONTACT_RETENTION_DAYS = environment.integer("CONTACT_RETENTION_DAYS", 365)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

if HTTPS_ONLY:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if TRUSTED_PROXY_COUNT:
        # Without a proxy that writes this header anybody could send it.
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# A guide has 14 sections; one into which a whole book was pasted is refused by its form, which keeps it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "codesite.typed_text.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
# The name and shape of Django 6.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "frame-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
PERMISSIONS_POLICY = {
    "accelerometer": [],
    "camera": [],
    "display-capture": [],
    "geolocation": [],
    "gyroscope": [],
    "magnetometer": [],
    "microphone": [],
    "midi": [],
    "payment": [],
    "usb": [],
}

# Errors go to the standard error stream, with or without DEBUG; the service manager keeps them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "codesite.log_lines.RedactingFormatter",
            "format": "{levelname} {asctime} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # The lines of runserver, which have a formatter of their own otherwise.
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
