"""Finds the Chromium that the browser tests drive."""

import os
import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> tuple[str | None, str]:
    """The path of a Chromium, or None, and a clause for people that says which one it is or why there is none.

    CHROMIUM in the environment names one; without it the first of PROGRAMS that is on PATH is taken.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        path = shutil.which(named)
        return path, path or f"CHROMIUM names {named}, which is not a program"
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return path, path or f"none of {', '.join(PROGRAMS)} is on PATH, and CHROMIUM names no other"
