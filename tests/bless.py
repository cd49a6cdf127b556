"""`make bless`: writes every golden anew. Read the diff; bless nothing that you have not read."""

from __future__ import annotations

import os

from tests.goldens import README, ROOT, STORIES, VACUOUS, expect_file, golden, story_table, with_table
from tests.library_facts import EXPECTED, library_text


def main() -> None:
    """Writes the .expect files, that of the library too, and README's table of stories."""
    os.chdir(ROOT)
    reports = {}
    for story in STORIES:
        made = golden(story)
        reports[story] = made.report
        expect_file(story).write_text(made.text)
        print(f"{story}: {made.text.splitlines()[0]}")
    for file in VACUOUS:
        expect_file(file).write_text(golden(file).text)
    EXPECTED.write_text(library_text())
    README.write_text(with_table(README.read_text(), story_table(reports)))


if __name__ == "__main__":
    main()
