"""Titles of images and of their panels, fitted to their space."""

from functools import partial
from math import inf

import numpy as np

from sklearn_softmax.displays._models import output_names_of_classes


def titles_of_model(model, n_images):
    """Return the titles of the images of a model's weights.

    Parameters
    ----------
    model : estimator
    n_images : int

    Returns
    -------
    titles : list of str or None
        The classes; None for hidden units, which have no names.
    """
    if hasattr(model, "coefs_"):
        return None
    return output_names_of_classes(getattr(model, "classes_", []), n_images)


def titles_of_history(history):
    """Return the titles of the images of a history's weights.

    Parameters
    ----------
    history : WeightHistory

    Returns
    -------
    titles : list of str or None
        The classes; None for hidden units, which have no names.
    """
    if len(history.weights_) > 1:
        return None
    return output_names_of_classes(history.classes_, history.weights_[0].shape[1])


def check_titles(titles, n_images):
    """Check that there is a title for each image.

    Parameters
    ----------
    titles : list of str or None
    n_images : int

    Raises
    ------
    ValueError
        If their number differs.
    """
    if titles is not None and len(titles) != n_images:
        raise ValueError(f"titles has {len(titles)} entries for {n_images} images: {titles}.")


def draw_titles(ax, grid, titles):
    """Draw the titles of images, each in the space above its image.

    Parameters
    ----------
    ax : matplotlib Axes
    grid : ImageGrid
    titles : list of str

    Returns
    -------
    texts : list of matplotlib Text
    """
    from sklearn_softmax.displays._fitted_text import fit_text

    style = {"ha": "center", "va": "bottom", "parse_math": False, "in_layout": False}
    texts = []
    for index, title in enumerate(titles):
        extent = left, right, bottom, _ = grid.title_extent(index)
        texts.append(ax.text((left + right) / 2, bottom, title, **style))
        fit_text(texts[-1], [str(title) for title in titles], partial(_title_space, ax, extent))
    return texts


def draw_panel_title(ax, name, names):
    """Draw the name of an estimator as the title of its axes.

    Parameters
    ----------
    ax : matplotlib Axes
    name : str
    names : list of str
        Names of all estimators.
    """
    from sklearn_softmax.displays._fitted_text import fit_text

    fit_text(
        ax.set_title(name, loc="left", parse_math=False), names, partial(_panel_title_space, ax)
    )


def panel_box(ax):
    """Return the box of axes before square pixels shrink it.

    Parameters
    ----------
    ax : matplotlib Axes

    Returns
    -------
    box : matplotlib Bbox
        In display units.
    """
    return ax.get_position(original=True).transformed(ax.get_figure().transSubfigure)


def _title_space(ax, extent):
    """Return width and height of the space for an image's title."""
    left, right, bottom, top = extent
    return np.ptp(ax.transData.transform([(left, bottom), (right, top)]), axis=0)


def _panel_title_space(ax):
    """Return width and height of the space for an estimator's name."""
    return panel_box(ax).x1 - ax.bbox.x0, inf
