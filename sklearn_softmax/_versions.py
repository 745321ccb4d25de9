"""Versions of the libraries in saved estimators."""

import sys

import sklearn
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_softmax._warnings import warn


class VersionMixin:
    """Store the versions of the libraries in pickles; warn if other versions load them."""

    def __getstate__(self):
        return {**super().__getstate__(), "_versions": installed_versions()}

    def __setstate__(self, state):
        state = dict(state)
        saved_versions = state.pop("_versions", {})
        for library, version in installed_versions().items():
            saved_version = saved_versions.get(library, "unknown")
            if saved_version != version:
                warning = InconsistentVersionWarning(
                    estimator_name=f"{type(self).__name__} ({library})",
                    original_sklearn_version=saved_version,
                    current_sklearn_version=version,
                )
                warn(warning)
        super().__setstate__(state)


def installed_versions():
    """Return the versions on which a saved estimator depends.

    Returns
    -------
    versions : dict of str to str
    """
    package = sys.modules[__package__]
    return {package.__name__: package.__version__, "scikit-learn": sklearn.__version__}
