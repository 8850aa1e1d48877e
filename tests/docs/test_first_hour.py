"""Every command of the README and of the first hour, run in order; what a page shows is what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import PAGES, ROOT, Outcome, matches, run, steps_of, told
from tests.docs.pages import table_under, text_of
from tui.shared.failures import EXIT_CODES

KILLING = "timeout -s KILL"


def ends_well(outcome: Outcome, next_command: str) -> bool:
    """A step ends with 0, unless the page shows its error, asks what it ended with, or kills it."""
    shows_error = any(line.startswith("error ") for line in outcome.step.shown)
    asked, killed = next_command == "echo $?", outcome.step.command.startswith(KILLING)
    return asked or killed or (outcome.code != 0) == shows_error


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_its_commands_print(name: str, tmp_path: Path) -> None:
    outcomes = run(ROOT / name, tmp_path)
    assert outcomes
    following = [*(outcome.step.command for outcome in outcomes[1:]), ""]
    wrong = [
        told(outcome)
        for outcome, after in zip(outcomes, following, strict=True)
        if not (outcome.as_shown and ends_well(outcome, after))
    ]
    assert not wrong, "\n\n".join(wrong)


def test_the_first_hour_has_the_exit_codes() -> None:
    rows = table_under(text_of("first-hour.md"), "## In CI")
    assert [int(row[0]) for row in rows] == [0, 1, *(code for _, code, _ in EXIT_CODES)]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a", "...", "z"], ["a", "z"], True),
        (["a", "...", "z"], ["a", "b", "c", "z"], True),
        (["a", "...", "z"], ["a", "b"], False),
        (["in ... s"], ["in 12 s"], True),
        (["in ... s"], ["in 12 ms"], False),
        (["id 11111111-1111-1111-1111-111111111111"], ["id 22222222-2222-2222-2222-222222222222"], True),
        (["2026-01-01 10:00:00"], ["2031-05-06 11:12:13"], True),
        (["2013-03-01"], ["2013-03-02"], False),
        ([], ["anything"], False),
    ],
)
def test_what_is_shown_is_compared_with_what_is_printed(shown: list[str], printed: list[str], same: bool) -> None:
    assert matches(shown, printed) is same


def test_a_page_is_read_as_steps(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo a \\\n    b\na b\n```\n\n```python\n# x.py\npass\n```\n\n"
        "<!-- not run: why -->\n```console\n$ false\n```\n"
    )
    first, second = steps_of(page)
    assert (first.line, first.command, first.shown) == (2, "echo a \\\n    b", ["a b"])
    assert second.is_file
