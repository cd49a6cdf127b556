"""Words that say something about a declaration to the compiler or to a checker, and nothing to a reader of C."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(
    rb"\b(?:__[a-z_]+|____cacheline_\w+|noinline\w*|noinstr|notrace|asmlinkage|fastcall|randomized_\w+)\b"
)
_PLAIN = re.compile(
    rb"__(?:(?:net_|mem|dev|cpu|pci)?(?:init|exit)(?:data|const)?(?:_or_module)?|ref|refdata|refconst|init_memblock"
    rb"|(?:maybe|always)_unused|used|unused|cold|hot|weak|packed|read_mostly|ro_after_init|iomem|user|percpu|rcu|force"
    rb"|kernel|must_check|always_inline|sched|noreturn|pure|cacheline_aligned(?:_in_smp)?|visible|nocfi|private"
    rb"|no_kcsan|le|be|deprecated|designated_init|randomize_layout|nonstring|cpuidle|latent_entropy|no_sanitize_\w+"
    rb"|no_kasan_or_inline)|____cacheline_aligned(?:_in_smp)?|noinline(?:_for_stack)?|noinstr|notrace|asmlinkage"
    rb"|fastcall|randomized_struct_fields_\w+"
)
_BRACKETED = frozenset(
    b"__printf __scanf __acquires __releases __must_hold __aligned __section __counted_by __free __acquire "
    b"__attribute__ __alloc_size __malloc __cond_acquires __nonstring".split()
)
_BRACKETS = re.compile(rb"[ \t]*\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\)")


def attributes(text: bytes) -> Iterator[tuple[int, int]]:
    """Where such words stand in a text, with the brackets behind them."""
    for found in _WORD.finditer(text):
        brackets = _BRACKETS.match(text, found.end()) if found[0] in _BRACKETED else None
        if brackets is not None:
            yield found.start(), brackets.end()
        elif _PLAIN.fullmatch(found[0]):
            yield found.span()
