"""What is drawn: word by word as the spec says, in whatever pieces it is made."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from engine.compiled import expect_much_work
from engine.statistics import draws as module
from engine.statistics.draws import generator, mean_block, resampled
from tests.oracles import statistics as oracle

FIRST_WORDS = [11752660922069344283, 14831499062122410523, 15377394288532949032]


def counted(sha256: str, sessions: int, draws: int) -> list[list[int]]:
    words = generator("p_luck", sha256)
    return np.concatenate(list(resampled(words, sessions, draws))).astype(int).tolist()


def test_the_key_is_of_the_purpose_and_the_bars() -> None:
    digest = hashlib.sha256(b"noise:abc").digest()
    plain = np.random.Philox(key=np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64))
    assert generator("noise", "abc").random_raw(5).tolist() == plain.random_raw(5).tolist()
    assert generator("p_luck", "abc").random_raw() != generator("noise", "abc").random_raw()


def test_the_first_words_of_a_key() -> None:
    """Fixed for ever: they decide what stored results were."""
    assert generator("p_luck", "0" * 64).random_raw(3).tolist() == FIRST_WORDS


@pytest.mark.parametrize("sessions", [3, 4, 8, 9, 27, 28, 64, 100, 500])
def test_every_draw_is_what_single_words_make(sessions: int) -> None:
    """The fewer the sessions the more jumps: with blocks of 2 half of all words are below the limit."""
    stream = oracle.words("p_luck", f"bars{sessions}")
    for counts in counted(f"bars{sessions}", sessions, 60):
        places = oracle.draw(stream, sessions)
        assert counts == [places.count(session) for session in range(sessions)]


def drawn_plainly(sha256: str, sessions: int, draws: int, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    with monkeypatch.context() as patch:
        patch.setattr(module.Kernel, "_worthwhile", False)
        return counted(sha256, sessions, draws)


@pytest.mark.parametrize("sessions", [2, 3, 8, 28, 126, 1_001])
def test_the_compiled_form_draws_the_same(sessions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = drawn_plainly("bars", sessions, 300, monkeypatch)
    monkeypatch.setattr(module.Kernel, "_worthwhile", False)  # and as it was again afterwards
    assert expect_much_work()
    monkeypatch.setattr(module, "_CELLS_AT_ONCE", 5_000)
    assert counted("bars", sessions, 300) == plain


@pytest.mark.parametrize("cells", [1, 70, 1000])
def test_pieces_change_nothing(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = counted("x", 35, 200)
    monkeypatch.setattr(module, "_CELLS_AT_ONCE", cells)
    assert counted("x", 35, 200) == whole


def test_a_draw_has_as_many_sessions_as_there_are() -> None:
    assert {sum(counts) for counts in counted("y", 126, 500)} == {126}


def test_fewer_draws_are_the_first_of_more() -> None:
    assert counted("z", 40, 50) == counted("z", 40, 90)[:50]


def test_blocks_are_the_cube_root_of_the_sessions() -> None:
    assert [mean_block(sessions) for sessions in (1, 2, 8, 9, 27, 28, 1000, 2500)] == [1, 2, 2, 3, 3, 4, 10, 14]
