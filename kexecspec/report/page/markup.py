"""Elements of HTML, made so that no text becomes an element, and links made of sources that name a public place."""

from __future__ import annotations

import re
from html import escape as in_html
from urllib.parse import quote

from kexecspec.diagnostics import escape

_COMMIT = re.compile(r"commit ([0-9a-f]{12,40})(?: \(Linux\))?")
_LINUX = re.compile(r"((?:arch|drivers|include|kernel|lib|mm)/[\w./-]+)@([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?: \(Linux\))?")
_OPTEE = re.compile(r"(?:optee_os )?(core/[\w./-]+)@([0-9]+\.[0-9]+\.[0-9]+)(?: \(OP-TEE\))?")


def text(of: object) -> str:
    """A text as HTML that shows it."""
    return in_html(escape(str(of)), quote=True)


def element(name: str, *inside: str, **attributes: str) -> str:
    """`<name attributes>inside</name>`; `inside` is HTML, the attributes' values are texts. `class_` is `class`, and
    `data_x` is `data-x`."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{said}>{''.join(inside)}</{name}>"


def link(url: str, inside: str) -> str:
    """A link that tells the place that it leads to nothing of where it stood."""
    return element("a", inside, href=url, rel="noreferrer noopener")


def source(ref: str) -> str:
    """A citation, linked where it names a commit of Linux, or a file of a release of Linux or OP-TEE."""
    shown = text(ref)
    if found := _COMMIT.fullmatch(ref):
        return link(f"https://git.kernel.org/linus/{found[1]}", shown)
    if found := _LINUX.fullmatch(ref):
        tree = "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git/tree"
        return link(f"{tree}/{quote(found[1])}?h=v{found[2]}", shown)
    if found := _OPTEE.fullmatch(ref):
        return link(f"https://github.com/OP-TEE/optee_os/blob/{found[2]}/{quote(found[1])}", shown)
    return shown
