"""A process for test_loader_killed: it imports a release and stops at a point of the test's choice.

Usage: python -m tests.procedures.code_sets.interrupted_import VERSION COUNT [STEP ITEMS]
It loads COUNT codes of ICD-10-CM as the release VERSION. After so many ITEMS of the loader's STEP it writes "stopped"
and sleeps, to be killed there.
"""

import sys
import time
from collections.abc import Iterable, Iterator

import django

BATCH = 2


def progress_that_stops(step: str, items: int):
    def progress(each: Iterable, desc: str, **_) -> Iterator:
        for number, item in enumerate(each):
            if (desc, number) == (step, items):
                sys.stdout.write("stopped\n")
                sys.stdout.flush()
                time.sleep(600)
            yield item

    return progress


def main(version: str, count: str, step: str = "", items: str = "0") -> None:
    django.setup()
    from procedures.code_sets import loader
    from procedures.models import CodeSystem
    from procedures.search import index
    from tests.procedures.code_sets.made_releases import icd_release, listed

    # Small numbers stand for large ones: the code is the same.
    loader.BATCH = index.BATCH = BATCH
    loader.REBUILD_FROM = 1
    codes = [listed(f"A{n:02}", f"Condition {n} of {version}") for n in range(int(count))]
    loader.load_release(
        CodeSystem.objects.get(slug="icd10cm"),
        icd_release(version, *codes),
        progress=progress_that_stops(step, int(items)),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
