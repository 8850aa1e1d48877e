"""Pages that are made from the code are as the code makes them."""

from __future__ import annotations

import pytest

from docs.reference import error_page, generate
from engine.errors import CODES
from tests.docs.pages import DOCS, first_codes, table_under, text_of

PAGES = generate.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fresh(name: str) -> None:
    said = f"python -m docs.reference.generate writes docs/reference/{name} anew"
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == PAGES[name], said


def test_every_code_is_raised_as_one_kind() -> None:
    assert set(error_page.kinds_of_codes()) <= set(CODES)
    assert first_codes(table_under(text_of("reference/errors.md"), "## Codes")) == list(CODES)
