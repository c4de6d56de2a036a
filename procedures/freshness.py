"""Validators and cache headers of public pages."""

import hashlib
from functools import cache, partial, wraps

from django.conf import settings
from django.core.cache import cache as django_cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import condition, require_safe

from procedures.search import read_content_version

CACHEABLE = (200, 301, 304)
# A shared cache may serve a page for a minute without asking; a browser asks each time and mostly hears 304.
ASK_EACH_TIME = {"public": True, "max_age": 0, "s_maxage": 60}
# For what is asked with every letter: whoever types a word again hears what was said a moment ago.
KEEP_FIVE_MINUTES = {"public": True, "max_age": 300}


def public_page(view=None, *, cache_control: dict = ASK_EACH_TIME):
    """A GET or HEAD view whose answer depends on nothing but the address, the public content, and the day.

    It gets an ETag, made without running the view, and may be kept by shared caches. The view may not read the session
    or set a cookie. `cache_control` are the directives of the header, as patch_cache_control takes them.
    """
    if view is None:
        return partial(public_page, cache_control=cache_control)

    @require_safe
    @wraps(view)
    def with_validators(request, *args, **kwargs):
        response: HttpResponse = validated(request, *args, **kwargs)
        if response.status_code in CACHEABLE:
            patch_cache_control(response, **cache_control)
            patch_vary_headers(response, ["Accept-Encoding"])
        return response

    validated = condition(etag_func=_etag)(view)
    return with_validators


def content_version(request) -> int:
    """The number of the public content's version, read once a request."""
    if not hasattr(request, "_content_version"):
        request._content_version = read_content_version()
    return request._content_version


def remembered(request, name: str, make):
    """The value of `make()`, kept in the cache for as long as the content, the day and the code stay the same."""
    return django_cache.get_or_set(f"{name}:{_state(request)}", make, timeout=3600)


def remembered_page(request, make):
    """The same for what a view makes of the whole address; `make()` gives something that can be pickled."""
    digest = hashlib.blake2b(request.get_full_path().encode(errors="replace"), digest_size=16).hexdigest()
    return remembered(request, f"page-{digest}", make)


def _state(request) -> str:
    """What every public answer depends on beside its address. Today's date decides which codes are in use."""
    if not hasattr(request, "_state_of_content"):
        request._state_of_content = f"{content_version(request)}|{timezone.localdate()}|{code_version()}"
    return request._state_of_content


def _etag(request, *args, **kwargs) -> str:
    """Weak, because compression may change the bytes."""
    parts = f"{_state(request)}|{request.get_full_path()}"
    return f'W/"{hashlib.blake2b(parts.encode(errors="replace"), digest_size=12).hexdigest()}"'


def code_version() -> str:
    """Changes with the templates, the static files and the code that make the pages; the same on every machine."""
    return _digest() if settings.DEBUG else _digest_at_start()


def _digest() -> str:
    files = [*(settings.BASE_DIR / "templates").rglob("*.html"), *(settings.BASE_DIR / "static").rglob("*.*")]
    for app in ("procedures", "policies", "contact"):
        files += (settings.BASE_DIR / app).rglob("*.py")
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _digest_at_start() -> str:
    return _digest()
