"""Pages: the sections of a report in HTML, escaped against what is in texts and labels."""

from __future__ import annotations

import os
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

    from sklearn_rnn._report.sections import Sections

_LONGEST_LABEL = 80  # characters
# Control characters are no characters of HTML. They are shown by the symbols that Unicode has for
# them; tabs and line breaks are white space.
_VISIBLE_CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"} | {
    127: 0x2421
}


def import_jinja2(caller: str) -> ModuleType:
    """Import jinja2, or raise an error that says how to install it."""
    try:
        import jinja2
    except ImportError as error:
        raise ImportError(
            f"{caller} needs jinja2, which is not installed. Install it: "
            'pip install "sklearn_rnn[report]".'
        ) from error
    return jinja2


def render_page(
    sections: Sections, *, title: str, saved_model: str | os.PathLike[str] | None
) -> str:
    """Return the page of a report.

    Parameters
    ----------
    sections : Sections
        What the report says.
    title, saved_model
        As in :func:`~sklearn_rnn.evaluation.report`.

    Returns
    -------
    html : str
    """
    jinja2 = import_jinja2("report")
    environment = jinja2.Environment(
        autoescape=True,  # of all that is in the template, whatever the name of its file
        finalize=_show_controls,
        loader=jinja2.PackageLoader("sklearn_rnn._report", "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "decimals": _format_decimals,
        "label": _format_label,
        "number": "{:,}".format,
        "p_value": _format_p_value,
        "percent": "{:.1%}".format,
        "repr": repr,
        "signed": "{:+.2f}".format,
    }
    html: str = environment.get_template("report.html").render(
        sections._asdict(),
        title=title,
        saved_model=None if saved_model is None else os.fspath(saved_model),
        today=date.today().isoformat(),
        version=version("sklearn_rnn"),
    )
    return html.lstrip()


def _show_controls(value: Any) -> Any:
    """Replace control characters in a str that the template prints."""
    return value.translate(_VISIBLE_CONTROLS) if type(value) is str else value


def _format_label(label: object) -> str:
    text = str(label)
    if not text.strip():
        return repr(text)
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _format_decimals(value: float) -> str:
    return "\N{EN DASH}" if np.isnan(value) else f"{value:.4f}"


def _format_p_value(value: float) -> str:
    if np.isnan(value):
        return "\N{EN DASH}"
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"
