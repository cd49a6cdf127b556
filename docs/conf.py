"""How Sphinx builds the site from what generate.py has put together."""

from kexecspec import __version__

project = "kexecspec"
author = "the authors of kexecspec"
release = version = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
highlight_language = "none"
html_theme = "furo"
html_title = f"kexecspec {release}"
html_copy_source = False
html_show_copyright = False
