"""How the documentation is built: ``sphinx-build docs html``."""

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

lexers["mermaid"] = TextLexer()  # the diagrams stand as text here; other readers draw them

project = "beamshell"
author = "the beamshell developers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {"description": "The console a beamline is run from."}
exclude_patterns = ["html"]
