"""Uploaded sheets between their dry run and their import: kept as files for a day, found by a signed token."""

import datetime
import hashlib
from uuid import uuid4

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

FOLDER = "sheets"
TIME_KEPT = datetime.timedelta(days=1)
SALT = "procedures.admin.kept_sheets"


class SheetNotKept(Exception):
    """A token that names no sheet, or not one of this user and kind; the message is for an editor."""

    def __init__(self):
        super().__init__("This sheet is no longer kept: it was imported, or is older than a day. Upload it again.")


def keep_sheet(content: bytes, name: str, *, user, label: str) -> str:
    """Keeps a sheet and returns the token by which this user can import it; deletes what nobody confirmed in time.

    `label` names what it is a sheet of (procedures.CodeName): a token is good for that alone.
    """
    delete_expired_sheets()
    stored = storages["import_export"].save(f"{FOLDER}/{uuid4().hex}", ContentFile(content))
    return signing.dumps([stored, _digest(content), name, user.pk, label], salt=SALT)


def find_sheet(token: str, *, user, label: str) -> tuple[str, str, bytes]:
    """Where a sheet is kept, its name as uploaded, and its content as it was at the dry run. Raises SheetNotKept."""
    try:
        stored, digest, name, user_id, kind = signing.loads(token, salt=SALT, max_age=TIME_KEPT)
        if (user_id, kind) != (user.pk, label):
            raise SheetNotKept
        with storages["import_export"].open(stored) as file:
            content = file.read()
    except (signing.BadSignature, OSError):
        raise SheetNotKept from None
    if _digest(content) != digest:
        raise SheetNotKept
    return stored, name, content


def delete_sheet(stored: str) -> None:
    storages["import_export"].delete(stored)


def delete_expired_sheets(now: datetime.datetime | None = None) -> None:
    """Deletes the sheets that nobody confirmed within a day."""
    storage, before = storages["import_export"], (now or timezone.now()) - TIME_KEPT
    if not storage.exists(FOLDER):
        return
    for name in storage.listdir(FOLDER)[1]:
        stored = f"{FOLDER}/{name}"
        try:
            is_expired = storage.get_modified_time(stored) < before
        except FileNotFoundError:
            # Another request has deleted it.
            continue
        if is_expired:
            storage.delete(stored)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
