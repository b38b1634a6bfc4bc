"""Fails when TensorFlow and Keras do not learn something small: on a GPU where one is lent, else on the processor.

Also when a library of CUDA is not found, which TensorFlow itself only mentions and then computes on the processor.
"""

import ctypes

import keras
import numpy as np
import tensorflow as tf

built = tf.sysconfig.get_build_info()
assert str(built.get("cuda_version", "")).startswith("12"), (
    f"this TensorFlow brings CUDA {built.get('cuda_version')}, not 12"
)
for library in ("libcudart.so.12", "libcublas.so.12", "libcudnn.so.9", "libcufft.so.11", "libcusolver.so.11"):
    ctypes.CDLL(library)

generator = np.random.default_rng(0)
given = generator.normal(size=(256, 4)).astype("float32")
wanted = (given.sum(axis=1) > 0).astype("float32")
device = "/GPU:0" if tf.config.list_physical_devices("GPU") else "/CPU:0"
with tf.device(device):
    model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(given, wanted, epochs=10, verbose=0)
    accuracy = model.evaluate(given, wanted, verbose=0)[1]
assert accuracy > 0.9, f"Keras learned to {accuracy} on {device}"
