"""Handoffs as people write them."""

from __future__ import annotations

import pytest

from kexecspec.handoff_text import KINDS, HandoffText, parse_handoff, parse_kind


@pytest.mark.parametrize(
    ("text", "handoff"),
    [
        ("prod -kexec-> prod", HandoffText("prod", "kexec", "prod")),
        ("prod -crash-> dump", HandoffText("prod", "crash", "dump", "running")),
        ("dump  - reboot ->  prod", HandoffText("dump", "reboot", "prod")),
        ("a -reboot -f-> b", HandoffText("a", "reboot-force", "b", "running")),
        ("a -reboot --force-> b", HandoffText("a", "reboot-force", "b", "running")),
        ("a-1 -kexec -e-> b.2", HandoffText("a-1", "kexec", "b.2", "running")),
        ("a -systemctl kexec-> b", HandoffText("a", "kexec", "b", "stopped")),
    ],
)
def test_handoffs(text: str, handoff: HandoffText) -> None:
    assert parse_handoff(text) == handoff
    assert handoff.kind in KINDS


@pytest.mark.parametrize(
    "text", ["", "prod", "prod -> prod", "prod kexec prod", "prod -kexec-> ", "x" * 5000]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="KERNEL -KIND-> KERNEL"):
        parse_handoff(text)


def test_a_misspelt_kind_is_named() -> None:
    with pytest.raises(ValueError, match="unknown kind of handoff 'kexce'; did you mean 'kexec'"):
        parse_kind("kexce")
