"""
Which words are typical of a topic?
===================================

Those with the largest weights. This example classifies the docstrings of SciPy by subpackage. The
classifier has one weight for each word and subpackage.
"""

import importlib
import inspect

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_softmax import SoftmaxRegression

SUBPACKAGES = ("fft", "integrate", "interpolate", "linalg", "ndimage")
SUBPACKAGES += ("optimize", "signal", "sparse", "special", "stats")


def descriptions(subpackage):
    """Return the docstrings of a subpackage's functions and classes, up to their parameters."""
    module = importlib.import_module(f"scipy.{subpackage}")
    public = [getattr(module, name) for name in module.__all__]
    described = [
        member
        for member in public
        if inspect.isroutine(member) or inspect.isclass(member) or isinstance(member, np.ufunc)
    ]
    return [(inspect.getdoc(member) or "").split("\nParameters\n")[0] for member in described]


texts = {subpackage: descriptions(subpackage) for subpackage in SUBPACKAGES}
X = [text for subpackage in SUBPACKAGES for text in texts[subpackage]]
y = [subpackage for subpackage in SUBPACKAGES for _ in texts[subpackage]]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The word frequencies are a sparse matrix, which is used without conversion. Without a penalty,
# words that separate the training texts only by chance would also get large weights.

words = TfidfVectorizer(
    token_pattern=r"\b[a-z]{3,14}\b", stop_words="english", min_df=3, sublinear_tf=True
)
model = make_pipeline(words, SoftmaxRegression(reg_param=0.1, batch_size=64, random_state=0))
model.fit(X_train, y_train)
print(f"{len(X_train)} texts, {len(words.vocabulary_)} words")
print(f"accuracy {model.score(X_test, y_test):.0%} on {len(X_test)} test texts")

# %%
# The figure shows the eight words with the largest weights for each subpackage. Most of them are
# terms of its subject. Others appear in many docstrings of a subpackage for another reason: "batch"
# and "core" are from a note in the docstrings of ``scipy.linalg``, and "true" is from the
# signatures in ``scipy.special``.

names, weights = words.get_feature_names_out(), model[-1].coef_
figure, axes = plt.subplots(2, 5, figsize=(12, 5.4), layout="constrained", sharex=True)
for ax, subpackage, row in zip(axes.flat, model.classes_, weights):
    largest = np.argsort(row)[-8:]
    ax.barh(names[largest], row[largest], color="#0072B2")
    ax.set_title(f"scipy.{subpackage}")
    ax.tick_params(axis="y", length=0)
figure.supxlabel("Weight")
plt.show()
