"""C files as syntax trees: what blanking keeps, what it takes away, and what stays an error."""

from __future__ import annotations

import pytest

from kexecspec.importers.features.forms import Call, Scope
from kexecspec.importers.features.look import look
from kexecspec.importers.features.places import lost
from kexecspec.importers.source.blank import blank
from kexecspec.importers.source.conditions import all_hold, config_of, holds, options_in
from kexecspec.importers.source.syntax import garbled, line, name_of, parse, walk

DRIVER = b"""\
/* A driver: { .shutdown = not_this } */
#include <linux/x.h>
#define LONG(a) \\
\t.shutdown = nor_this
static const struct of_device_id ids[] __initconst = { {} };

int __ref probe(struct device *dev) // comment
{
\tfor_each_thing(dev)
\t\tstop(dev, "/* no comment */");
\treturn 0;
}

static struct platform_driver driver = {
\t.probe = probe,
#ifdef CONFIG_PM
\t.shutdown = halt,
#endif
#if 0
\t.remove = {{{ never,
#endif
};
"""


def test_every_byte_stays_where_it_was() -> None:
    blanked = blank(DRIVER).text
    assert len(blanked) == len(DRIVER) and blanked.count(b"\n") == DRIVER.count(b"\n")
    assert b"this" not in blanked and b"never" not in blanked and b"__ref" not in blanked
    assert b'"/* no comment */"' in blanked and b".shutdown = halt" in blanked


def test_a_member_under_a_condition_is_parsed_and_knows_its_condition() -> None:
    unit = parse(DRIVER)
    assert not garbled(unit.root)
    pairs = {unit.text(n): n for n in walk(unit.root) if n.type == "initializer_pair"}
    assert line(pairs[".shutdown = halt"]) == 17
    assert unit.conditions(pairs[".shutdown = halt"]) == ("CONFIG_PM",)
    assert unit.conditions(pairs[".probe = probe"]) == ()
    assert list(unit.functions) == ["probe"]
    assert unit.blanked.lines == {"LONG": 3}


def test_what_cannot_be_parsed_is_an_error_and_a_loop_macro_is_not() -> None:
    assert garbled(parse(b"struct platform_driver d = { .a = b .c = , = };").root)
    assert not garbled(parse(b'void f(void) { for_each(a, &b)\n c(a, "x"); if (a) for_each_b(c()) *d = 1; }').root)
    kept = b"{ bus_for_each_dev(a, b); x = { for_each(a) }; }\nint bus_for_each_dev(int a)\n{\n}"
    assert blank(kept).text == kept


@pytest.mark.parametrize(
    "text", [b"", b"\xff\x00\x80", b"#if", b"#else\n#endif\n", b"/* no end", b'"no end', b"#define", b"} for_each("]
)
def test_any_bytes_will_do(text: bytes) -> None:
    parse(text)


def test_branches_exclude_each_other_and_a_guard_is_no_condition() -> None:
    text = b"#ifndef _H\n#define _H\n#if A\n1\n#elif defined(B)\n2\n#else\n3\n#endif\n4\n#endif\n"
    found = blank(text)
    assert found.conditions.each(4) == ("A",)
    assert found.conditions.each(6) == ("!A && B",)
    assert found.conditions.each(8) == ("!A && !B",)
    assert found.conditions.each(10) == () and found.conditions.at(10) == ""
    nested = blank(b"#ifdef CONFIG_X\n#if A || B\nopen\n").conditions
    assert (nested.each(3), nested.at(3)) == (("CONFIG_X", "(A || B)"), "CONFIG_X && (A || B)")
    long = blank(b"#if A && " + b"B && " * 90 + b"C\nx\n#endif\n").conditions.each(2)
    assert holds(long[0], {}) is not True and holds(long[0].replace("A", "1").replace("B", "1"), {}) is None


def test_branches_that_lean_are_left_out_and_what_stood_there_is_not_called_absent() -> None:
    text = b"void f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (stop()) {\n#endif\n\t}\n}\n#if 0\n}\n#endif\n"
    unit = parse(text)
    assert not garbled(unit.root) and unit.unclear(unit.functions["f"][0])
    assert [text[:2] for _, text in unit.blanked.dropped] == [b"\n\t"] and b"stop" not in unit.blanked.text
    assert "left out (line 5)" in lost(unit, "stop") and lost(unit, "halt") == ""
    look_ = look(unit, text, Call(Scope(function="f"), "stop"))
    assert not look_.hits and "left out" in look_.doubt


def test_attribute_words_and_their_brackets_are_blank() -> None:
    text = b"static int __init __attribute__((unused)) f(char __user *p, int __unknown) __acquires(&x->lock)\n{\n}\n"
    assert blank(text).text.split() == b"static int f(char *p, int __unknown) { }".split()


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("CONFIG_PM", True), ("CONFIG_NO", False), ("!CONFIG_NO", True), ("defined(CONFIG_M)", False),
        ("IS_ENABLED(CONFIG_M)", True), ("IS_BUILTIN(CONFIG_M)", False), ("CONFIG_M_MODULE", True),
        ("defined CONFIG_PM && !defined(CONFIG_NO)", True), ("CONFIG_NO || SOMETHING", None), ("CONFIG_PM || X", True),
        ("CONFIG_NO && X", False), ("__KERNEL__", True), ("CONFIG_HZ > 100", None), ("(((", None), ("", None),
        ("!1", False),
    ],
)  # fmt: skip
def test_conditions_hold_or_not_or_nobody_knows(condition: str, answer: bool | None) -> None:
    config = config_of('CONFIG_PM=y\nCONFIG_M=m\n# CONFIG_NO is not set\nCONFIG_HZ="250"\n')
    assert holds(condition, config) is answer


def test_without_a_configuration_options_are_open() -> None:
    assert holds("CONFIG_PM", None) is None and holds("!(CONFIG_PM)", None) is None
    assert all_hold((), None) is True
    assert all_hold(("CONFIG_A", "0"), None) is False
    assert options_in(("!(CONFIG_A) && X", "CONFIG_B || CONFIG_A")) == ("CONFIG_A", "CONFIG_B")


def test_declarators_are_seen_through() -> None:
    unit = parse(b"static int *(*table[3])(void) = { a };\nvoid (*hook)(int);\n")
    declared = [n.child_by_field_name("declarator") for n in unit.root.children if n.type == "declaration"]
    assert [name_of(d) for d in declared] == ["table", "hook"]
