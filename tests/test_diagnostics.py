"""Diagnostics are shown at their place, escaped, and short enough for a mail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kexecspec.diagnostics import (
    MOST,
    WIDTH,
    Diagnostic,
    InputError,
    Span,
    allowed_help,
    escape,
    in_order,
    quote,
    render,
    render_all,
    suggest,
)
from kexecspec.input_codes import INPUT_CODES


def mode(help_: str | None = "v2 allows: bypass, abort, leave", *notes: str) -> Diagnostic:
    span = Span("boards/acme-r1.yaml", 21, 16, 21, 21)
    return Diagnostic("KX002", "unknown SMMU mode 'bypas'", span, notes, help_)


def test_the_place_the_line_and_what_is_allowed() -> None:
    assert render(mode(), "  on_shutdown: bypas") == (
        "boards/acme-r1.yaml:21:16: error[KX002]: unknown SMMU mode 'bypas'\n"
        "  21 |   on_shutdown: bypas\n"
        "     |                ^^^^^ v2 allows: bypass, abort, leave"
    )


def test_without_the_line() -> None:
    assert render(mode(), None) == (
        "boards/acme-r1.yaml:21:16: error[KX002]: unknown SMMU mode 'bypas'\n"
        "    v2 allows: bypass, abort, leave"
    )


def test_notes_follow() -> None:
    text = render(mode(None, "minimal conflict: lines 9 and 31"), "  on_shutdown: bypas")
    assert text.endswith("     |                ^^^^^\n     = minimal conflict: lines 9 and 31")


def test_a_help_that_does_not_fit_goes_below_the_caret() -> None:
    lines = render(mode("one of " + ", ".join(["alternative"] * 12)), "  on_shutdown: bypas").split("\n")
    assert lines[2].endswith("^^^^^")
    assert all(len(line) <= WIDTH for line in lines[1:])


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "a: [" + "x, " * 5000 + "bypas]"
    span = Span("p", 1, line.index("bypas") + 1, 1, line.index("bypas") + 6)
    lines = render(Diagnostic("KX002", "m", span), line).split("\n")
    assert all(len(shown) <= WIDTH for shown in lines)
    caret = lines[2].index("^")
    assert lines[1][caret : caret + 5] == "bypas"
    assert lines[2].endswith("^^^^^")


def test_a_span_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    lines = render(Diagnostic("KX006", "m", Span("p", 1, 4, 3, 2)), "a: [1,").split("\n")
    assert lines[2] == "     |    ^^^"


def test_wide_letters_and_tabs_keep_the_caret_in_place() -> None:
    line = "\tname: 日本 x"
    lines = render(Diagnostic("KX002", "m", Span("p", 1, 11, 1, 12)), line).split("\n")
    assert lines[1] == "   1 |  name: 日本 x"
    assert lines[2] == "     |             ^"


def test_escapes() -> None:
    assert escape("plain é 日") == "plain é 日"
    assert escape("\x1b[2J") == "\\x1b[2J"
    assert escape("a\nb\tc\r\x00\x7f\x9b") == "a\\nb\\tc\\r\\x00\\x7f\\x9b"
    assert escape("\u202eevil\u2066\u200f") == "\\u202eevil\\u2066\\u200f"
    assert escape("\ud800") == "\\ud800"
    assert escape("\U000e0001") == "\\U000e0001"


@given(st.text(), st.text(), st.text(), st.text())
def test_nothing_unprintable_leaves_a_message(path: str, message: str, help_: str, line: str) -> None:
    span = Span(path, 1, 2, 1, 5)
    text = render(Diagnostic("KX001", message, span, (message,), help_), line)
    assert text.replace("\n", "").isprintable()


def test_suggestions() -> None:
    modes = ("bypass", "abort", "leave")
    assert suggest("bypas", modes) == "bypass"
    assert suggest("BYPASS", modes) == "bypass"
    assert suggest("warm_clears", ("warm-clears",)) == "warm-clears"
    assert suggest("zzz", modes) is None
    assert suggest("b" * 1000, modes) is None
    assert suggest("x", ()) is None


def test_allowed_help_is_short() -> None:
    assert allowed_help("bypas", ("bypass", "abort")) == "did you mean 'bypass'? allowed: bypass, abort"
    many = tuple(f"name{i}" for i in range(40))
    assert allowed_help("name17x", many).startswith("did you mean 'name1")
    assert allowed_help("zzz", many).endswith("and 28 more")
    assert allowed_help("x", ()) == "allowed: nothing"


def test_quote_cuts() -> None:
    assert quote("x" * 10_000) == "'" + "x" * 57 + "...'"


def test_an_input_error_carries_everything_in_reading_order() -> None:
    first = Diagnostic("KX002", "a", Span("p", 3, 1, 3, 2))
    second = Diagnostic("KX003", "b", Span("p", 1, 5, 1, 6))
    other = Diagnostic("KX003", "c", Span("a-file", 1, 1, 1, 1))
    error = InputError([first, other, second, first])
    assert error.diagnostics == (second, first, other)
    assert str(error).split("\n")[0] == "p:1:5: error[KX003]: b"


def test_too_many_are_cut() -> None:
    cut = in_order(Diagnostic("KX002", "a", Span("p", i, 1, i, 2)) for i in range(1, 1000))
    assert len(cut) == MOST
    assert cut[-1].notes == (f"only the first {MOST} errors are shown",)


def test_all_of_them_are_counted() -> None:
    assert render_all([mode()], lambda _: None).endswith("\n1 error in the input. Nothing was checked.")
    assert render_all([mode(), mode()], lambda _: None).endswith(
        "2 errors in the input. Nothing was checked."
    )


def test_input_codes_are_in_order_and_explained() -> None:
    assert list(INPUT_CODES) == [f"KX{number:03}" for number in range(1, len(INPUT_CODES) + 1)]
    assert all(entry.says.endswith(".") and len(entry.explanation) > 40 for entry in INPUT_CODES.values())
    assert len({entry.name for entry in INPUT_CODES.values()}) == len(INPUT_CODES)
    fixed = {
        "KX002": "unknown-name",
        "KX004": "yaml-trap",
        "KX005": "duplicate-key",
        "KX010": "contradiction",
    }
    assert {code: INPUT_CODES[code].name for code in fixed} == fixed
