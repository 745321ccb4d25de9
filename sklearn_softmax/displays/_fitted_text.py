"""Texts that are drawn as large as there is space for them."""

from bisect import bisect_right
from copy import copy

from matplotlib.text import Text

from sklearn_softmax._value_texts import n_common

MIN_FONT_SIZE = 3  # smaller texts are left out
MIN_WIDTH, LETTER_WIDTH = 3.5, 0.65  # of shortened texts and of a letter, in sizes of their font


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
        """Return the box of the text as it is drawn.

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
        fitted.set_fontproperties(self.get_fontproperties())  # a copy of them
        width, height = self._get_space()

        def extent(n_letters):
            fitted.set_text(_shortened(text, self._texts, n_letters))
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


def fit(text, texts, get_space):
    """Draw a text smaller, and shortened, if it is larger than its space.

    Parameters
    ----------
    text : matplotlib Text
    texts : list of str
        This text and those from which it is to be told apart.
    get_space : callable
        Returns width and height of the space in display units.
    """
    text.__class__ = FittedText  # the titles of axes are made by matplotlib
    text._texts, text._get_space = texts, get_space


def _shortened(text, texts, n_letters):
    """Return both ends of a text or, if they are alike in some texts, the part that differs."""
    texts = list({text, *texts})
    if len({_ends(other, n_letters) for other in texts}) == len(texts):
        return _ends(text, n_letters)
    n_start = n_common(texts)
    n_end = n_common([other[n_start:][::-1] for other in texts])
    n_spare = max(0, n_letters - (len(text) - n_start - n_end))
    start = n_start - min(n_start, n_spare)
    end = len(text) - n_end + min(n_end, n_spare - (n_start - start))
    part = _ends(text[start:end], n_letters)
    return f"{'…' * (start > 0)}{part}{'…' * (end < len(text))}".replace("……", "…")


def _ends(text, n_letters):
    """Return some letters of a text, half of them from its end."""
    if len(text) <= n_letters:
        return text
    n_last = n_letters // 2
    return f"{text[: n_letters - n_last]}…{text[len(text) - n_last :]}"
