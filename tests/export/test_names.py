"""Names in other alphabets: plain, all different, and readable back."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.cli.console import inert
from kexecspec.export.names import identifier, remark, symbol, unidentifier, unsymbol
from tests.test_hostile_names import HOSTILE, harmless

names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20), st.text("_.-XDM%0a", max_size=12))


@settings(max_examples=300)
@given(names)
def test_a_name_is_plain_and_can_be_read_back(name: str) -> None:
    assert re.fullmatch(r"[!-~]*", symbol(name)) and ";" not in symbol(name)
    assert unsymbol(symbol(name)) == name
    assert re.fullmatch(r"v_[A-Za-z0-9_]*", identifier("v", name))
    assert unidentifier(identifier("v", name)) == ("v", name)


def test_a_usual_name_stays_readable() -> None:
    assert symbol("tee.stale_bytes") == "tee.stale_bytes"
    assert identifier("v", "tee.stale_bytes") == "v_tee_Dstale__bytes"


@settings(max_examples=300)
@given(names)
def test_a_remark_is_one_line_that_ends_no_comment(text: str) -> None:
    harmless(inert(f"; {remark(text)}"))
    assert "\n" not in remark(text) and "*/" not in remark(text) and remark(text).isascii()
