"""Settings of the site: everything that differs between deployments comes from the environment (see README.md)."""

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

INSTALLED_APPS = [
    "codesite",
    "procedures",
    "django_filters",
    "django.contrib.admin",
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
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
        entry["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 60,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-32000;PRAGMA mmap_size=268435456"
            ),
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

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

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

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# Errors go to the standard error stream, with or without DEBUG; the service manager keeps them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {asctime} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
