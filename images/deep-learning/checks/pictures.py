"""Fails when a model's diagram, a figure with its fonts, a table or a search over models cannot be made."""

import tempfile
from pathlib import Path

import keras
import keras_tuner
import matplotlib
import numpy as np
import pandas as pd
import skimage.filters
import sklearn.datasets
import sklearn.linear_model

matplotlib.use("Agg")
import matplotlib.font_manager
import matplotlib.pyplot as plt
import seaborn as sns

folder = Path(tempfile.mkdtemp())
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
keras.utils.plot_model(model, to_file=str(folder / "model.png"), show_shapes=True)
assert (folder / "model.png").stat().st_size > 1000

matplotlib.font_manager.findfont("DejaVu Sans", fallback_to_default=False)
flowers = sklearn.datasets.load_iris(as_frame=True)
table = pd.DataFrame(flowers.data).assign(kind=flowers.target)
sns.pairplot(table, hue="kind")
plt.title("Größe in cm")
plt.savefig(folder / "figure.png")
assert (folder / "figure.png").stat().st_size > 1000

assert (
    sklearn.linear_model.LogisticRegression(max_iter=500)
    .fit(flowers.data, flowers.target)
    .score(flowers.data, flowers.target)
    > 0.9
)
assert skimage.filters.sobel(np.eye(8)).shape == (8, 8)


def make(search: keras_tuner.HyperParameters) -> keras.Model:
    units = search.Int("units", 2, 4)
    made = keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(3, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


tuner = keras_tuner.RandomSearch(make, objective="accuracy", max_trials=2, directory=folder, project_name="search")
tuner.search(flowers.data.to_numpy(), flowers.target.to_numpy(), epochs=1, verbose=0)
assert tuner.get_best_models(1)
