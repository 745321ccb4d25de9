"""Animations that a notebook shows as films. Imports matplotlib, so it is imported when needed."""

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation


class Film(FuncAnimation):
    """Animation that is shown in a notebook by a player with all frames."""

    def _repr_html_(self):
        """Return the player, or the format of ``rcParams["animation.html"]`` if it is set."""
        html = super()._repr_html_() or self.to_jshtml()
        plt.close(self._fig)  # a notebook would show its last frame below the film
        return html
