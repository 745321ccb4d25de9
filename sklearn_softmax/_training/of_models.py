"""What records of several models have in common: some of them can be chosen."""

from dataclasses import fields, replace
from typing import ClassVar

import numpy as np


class OfModels:
    """Arrays whose first axis is that of the models of a run, but for those that models share."""

    shared: ClassVar[tuple[str, ...]] = ()

    def of_models(self, models):
        """Those of some models."""
        return self._mapped(lambda values: values[models])

    def merged(self, other, is_other):
        """The same with those of another one for some models."""

        def choose(own, new):
            return np.where(is_other.reshape(-1, *[1] * (own.ndim - 1)), new, own)

        return self._mapped(choose, other)

    def _mapped(self, function, *others):
        """What a function makes of each of the arrays."""
        made = {}
        for name in (field.name for field in fields(self) if field.name not in self.shared):
            own, *new = (getattr(each, name) for each in (self, *others))
            is_nested = isinstance(own, OfModels)
            made[name] = own._mapped(function, *new) if is_nested else function(own, *new)
        return replace(self, **made)
