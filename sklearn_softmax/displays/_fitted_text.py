"""Texts that are drawn smaller or shortened to fit their space."""

from bisect import bisect_right
from copy import copy

from matplotlib.text import Text

from sklearn_softmax._value_texts import shorten

MIN_FONT_SIZE = 3  # smaller texts are omitted
MIN_WIDTH, LETTER_WIDTH = 3.5, 0.65  # of a shortened text and of a letter, in font sizes


class FittedText(Text):
    """Text that is drawn smaller, shortened or not at all if it is larger than its space.

    ``get_text`` returns the whole text. The space is measured whenever the text is drawn.
    """

    def draw(self, renderer):
        """Draw the text.

        Parameters
        ----------
        renderer : matplotlib renderer
        """
        Text.draw(self._fitted(renderer), renderer)
        self.stale = False

    def get_window_extent(self, renderer=None, dpi=None):
        """Return the box of the drawn text.

        Parameters
        ----------
        renderer : matplotlib renderer, default=None
        dpi : float, default=None

        Returns
        -------
        box : matplotlib Bbox
            In display units.
        """
        return Text.get_window_extent(self._fitted(renderer), renderer, dpi)

    def _fitted(self, renderer):
        """Return a copy of the text that fits into its space."""
        text, fitted = self.get_text(), copy(self)
        if not text or not self.get_visible():
            return fitted
        fitted.set_fontproperties(self.get_fontproperties())  # which copies them
        width, height = self._get_space()

        def extent(n_letters):
            fitted.set_text(shorten([text, *self._texts], n_letters)[0])
            return Text.get_window_extent(fitted, renderer)

        def shrink(ratio):
            fitted.set_fontsize(fitted.get_fontsize() * min(1, ratio))

        n_letters = max(map(len, self._texts))
        em = self.get_fontsize() * self.get_figure().dpi / 72
        shrink(width / (min(MIN_WIDTH, LETTER_WIDTH * n_letters) * em))
        shrink(height / extent(len(text)).height)
        if extent(len(text)).width > width:
            lengths = range(1, len(text))
            shortest = bisect_right(lengths, width, key=lambda n: extent(n).width)
            shrink(width / extent(shortest).width)
        if fitted.get_fontsize() < MIN_FONT_SIZE:
            fitted.set_text("")
        return fitted


def fit_text(text, texts, get_space):
    """Make a text fit its space whenever it is drawn.

    Parameters
    ----------
    text : matplotlib Text
    texts : list of str
        This text and those from which it must differ when shortened.
    get_space : callable
        Returns width and height of the space in display units.
    """
    text.__class__ = FittedText  # matplotlib creates the titles of axes
    text._texts, text._get_space = texts, get_space
