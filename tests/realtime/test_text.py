import pytest

from realtime.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Prélude №4 und 前奏曲 🎹.mid", "Prélude №4 und 前奏曲 🎹.mid"),
        ("a\x1b[31mred\x07", "a?[31mred?"),
        ("one\ntwo\r\tthree\x7f", "one?two??three?"),
        ("\x9b2J\u2028\u2029", "?2J??"),
        ("latin\udce9", "latin?"),
    ],
)
def test_only_what_could_harm_a_terminal_is_replaced(text, shown):
    assert printable(text) == shown
    assert printable(text).encode()
