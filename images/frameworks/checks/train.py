"""Fails when TensorFlow, Keras and PyTorch do not learn something small, in one process, on the processor."""

import keras
import numpy as np
import tensorflow as tf
import torch

generator = np.random.default_rng(0)
given = generator.normal(size=(256, 4)).astype("float32")
wanted = (given.sum(axis=1) > 0).astype("float32")

model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(given, wanted, epochs=10, verbose=0)
accuracy = model.evaluate(given, wanted, verbose=0)[1]
assert accuracy > 0.9, f"Keras learned to {accuracy}"
assert tf.reduce_sum(tf.constant([1.0, 2.0])).numpy() == 3.0

network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
for _ in range(60):
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        network(torch.from_numpy(given)).squeeze(1), torch.from_numpy(wanted)
    )
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
right = ((network(torch.from_numpy(given)).squeeze(1) > 0).float().numpy() == wanted).mean()
assert right > 0.9, f"PyTorch learned to {right}"
assert not torch.version.cuda, "this PyTorch brings CUDA"
