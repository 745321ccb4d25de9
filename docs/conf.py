"""Sphinx configuration of the package's site."""

import sys
from pathlib import Path

import sklearn_softmax

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "sklearn_softmax"
author = "The sklearn_softmax developers"
copyright = author
version = release = sklearn_softmax.__version__

extensions = [
    "external_links",
    "author_initials",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx-mathjax-offline",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
nitpicky = True
default_role = "literal"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "matplotlib_animations": (True, "jshtml"),
    "min_reported_time": 3600,  # seconds; hides the running times, which are those of one machine
    "remove_config_comments": True,
    "show_signature": False,
    "download_all_examples": False,
    "write_computation_times": False,
    "doc_module": ("sklearn_softmax",),
    "backreferences_dir": "api/backreferences",
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_softmax"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = html_use_index = False
html_logo = html_favicon = "_static/logo.svg"
html_context = {"default_mode": "auto"}
html_sidebars = {page: [] for page in ("index", "getting_started", "changelog", "search")}
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["version", "theme-switcher"],
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
}
