"""`make drill`: races with fifty processes, the same over HTTP with workers killed, and mail through faulty servers.

Each drill runs on a SQLite file and on PostgreSQL (TEST_DATABASE_URL), which are gone afterwards, and prints a line for
each thing that it looks at. `python -m tests.drills mail` runs one of them.
"""

import argparse
import sys

from tests.drills import mail, races, web

DRILLS = {"races": races.main, "web": web.main, "mail": mail.main}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drills")
    parser.add_argument("drills", nargs="*", metavar="DRILL", help=f"one of {', '.join(DRILLS)}; all without a name")
    chosen = parser.parse_args().drills or list(DRILLS)
    if unknown := set(chosen) - set(DRILLS):
        parser.error(f"there is no drill {', '.join(sorted(unknown))}")
    failed = [name for name in chosen if DRILLS[name]()]
    print(f"\nDrills that failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


sys.exit(main())
