"""Texts: the words of messages as a beamline wants them, from templates with named fields.

Pure: a happening in, the same with other words out.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from string import Formatter

from beamshell.errors import ConfigError
from beamshell.follow.happenings import FACTS, KINDS, Happening
from beamshell.text.nearest import did_you_mean
from beamshell.text.numbers import is_format

FIELDS = {
    "title": "the first line, as it is without a template",
    "text": "the lines below it, as they are without one",
    "kind": "of the happening, such as failed",
    "time": "when it happened, such as 2026-11-29 03:25:08",
    **FACTS,
}
"""What a template may name, and what comes in its place; nothing where a happening does not have it."""


class Texts:
    """Fills the templates.

    Args:
        templates: the text of each kind of happening that is to have its own, with fields such as `{scan}`. Its first
            line is the title of the message.

    Raises:
        ConfigError: there is no such kind or field, or a bracket is missing.
    """

    def __init__(self, templates: Mapping[str, str] | None = None) -> None:
        self._templates = dict(templates or {})
        for kind, template in self._templates.items():
            if kind not in KINDS:
                raise ConfigError(f"texts: no kind '{kind}' of happenings{did_you_mean(kind, KINDS, most=0) or ''}")
            _check(kind, template)

    def in_words(self, happening: Happening) -> Happening:
        """The happening with the words of the template of its kind; as it is if there is none, or nothing is in it."""
        template = self._templates.get(happening.kind)
        if template is None:
            return happening
        moment = datetime.datetime.fromtimestamp(happening.time).isoformat(" ", "seconds")
        own = {"title": happening.title, "text": happening.text, "kind": happening.kind, "time": moment}
        lines = template.format_map(dict.fromkeys(FIELDS, "") | dict(happening.facts) | own).strip().splitlines()
        if not lines:
            return happening
        return happening._replace(title=lines[0].strip(), text="\n".join(lines[1:]).strip())


def _check(kind: str, template: str) -> None:
    """Raise a ConfigError if a template cannot be filled."""
    try:
        for _text, field, spec, _conversion in Formatter().parse(template):
            if field is not None and field not in FIELDS:
                guess = did_you_mean(field, FIELDS, most=0) or f": there is {', '.join(FIELDS)}"
                raise ConfigError(f"texts: {kind}: no field '{{{field}}}'{guess}")
            if not is_format(spec or ""):
                raise ConfigError(f"texts: {kind}: '{spec}' is no format of a field: write one such as {{scan:>6}}")
        template.format_map(dict.fromkeys(FIELDS, ""))
    except (ValueError, TypeError, AttributeError) as exc:
        raise ConfigError(f"texts: {kind}: this is no template ({exc}): write {{{{ for a bracket alone") from exc
