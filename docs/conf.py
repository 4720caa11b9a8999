"""Configuration of Sphinx. `nox -s docs` builds the site in docs/_build/html."""

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]  # the extensions, and the benchmarks

# All examples are two folders deep: their diagrams link to the API pages of the same site.
os.environ["SKLEARN_RNN_DOCS"] = "../.."
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib as mpl  # noqa: E402
from results import make_substitutions  # noqa: E402

mpl.use("agg")

project = "sklearn_rnn"
author = "The sklearn_rnn developers"
copyright = author
version = release = version_of("sklearn_rnn")

extensions = [
    "external_links",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "figures"]
templates_path = ["_templates"]
nitpicky = True
toc_object_entries_show_parents = "hide"

# Pages
myst_enable_extensions = ["colon_fence", "deflist", "substitution"]
myst_heading_anchors = 3
myst_substitutions = make_substitutions()
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# API pages
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc shows the documented types
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

# Figures, which the scripts in figures/ draw
plot_basedir = "figures"
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = False

# Gallery. Examples read corpora where SKLEARN_RNN_DATA has them, and built-in texts elsewhere.
sphinx_gallery_conf = {
    "examples_dirs": ["examples"],
    "gallery_dirs": ["auto_examples"],
    "subsection_order": [
        f"examples/{folder}"
        for folder in ("models", "training", "explaining", "data", "deployment")
    ],
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("sklearn_rnn",),
    "reference_url": {"sklearn_rnn": None},
    "backreferences_dir": "api/backreferences",
    "capture_repr": ("_repr_html_", "__repr__"),
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "min_reported_time": 10**6,  # seconds of a busy machine say little
    "show_memory": False,
    "show_signature": False,
}

# HTML
html_theme = "pydata_sphinx_theme"
html_title = "sklearn_rnn"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}  # the theme logs an error without it
html_theme_options = {
    "logo": {"text": "sklearn_rnn"},
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc", "sg_download_links"],
}
html_sidebars = {
    "install": [],
    "quickstart": [],
    "migrating": [],
    "limits": [],
    "changelog": [],
    "glossary": [],
    "benchmarks": [],
    "reference_systems": [],
}
