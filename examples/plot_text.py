"""
Which words give a topic away?
==============================

SciPy describes its functions in docstrings, on ten subjects from Fourier transforms to statistics.
A classifier that names the subject of a description has a weight for every word and subject: the
largest ones tell what it goes by.
"""

import importlib
import inspect

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_softmax import SoftmaxRegression

SUBJECTS = ("fft", "integrate", "interpolate", "linalg", "ndimage")
SUBJECTS += ("optimize", "signal", "sparse", "special", "stats")


def descriptions(subject):
    """Docstrings of the public functions and classes of a subject, up to their parameters."""
    module = importlib.import_module(f"scipy.{subject}")
    public = [getattr(module, name) for name in module.__all__]
    described = [
        thing
        for thing in public
        if inspect.isroutine(thing) or inspect.isclass(thing) or isinstance(thing, np.ufunc)
    ]
    return [(inspect.getdoc(thing) or "").split("\nParameters\n")[0] for thing in described]


texts = {subject: descriptions(subject) for subject in SUBJECTS}
X = [text for subject in SUBJECTS for text in texts[subject]]
y = [subject for subject in SUBJECTS for _ in texts[subject]]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The frequencies of the words are a sparse matrix, which is trained on as it is. The penalty is
# what makes the weights readable: without one, any word grows heavy that tells the texts of the
# training apart, by chance or not.

words = TfidfVectorizer(
    token_pattern=r"\b[a-z]{3,14}\b", stop_words="english", min_df=3, sublinear_tf=True
)
model = make_pipeline(words, SoftmaxRegression(reg_param=0.1, batch_size=64, random_state=0))
model.fit(X_train, y_train)
print(f"{len(X_train)} texts, {len(words.vocabulary_)} words")
print(f"{model.score(X_test, y_test):.0%} of {len(X_test)} other texts right")

# %%
# The eight heaviest words of each subject, most of which are what its textbooks are about. Some are
# not: the classifier takes what helps it. "Batch" and "core" come from a note that many functions
# of linear algebra share, "true" from the signatures of the special functions.

names, weights = words.get_feature_names_out(), model[-1].coef_
figure, axes = plt.subplots(2, 5, figsize=(12, 5.4), layout="constrained", sharex=True)
for ax, subject, row in zip(axes.flat, model.classes_, weights):
    heaviest = np.argsort(row)[-8:]
    ax.barh(names[heaviest], row[heaviest], color="#0072B2")
    ax.set_title(f"scipy.{subject}")
    ax.tick_params(axis="y", length=0)
figure.supxlabel("Weight")
plt.show()
