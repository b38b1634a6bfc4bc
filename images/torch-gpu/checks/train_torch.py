"""Fails when PyTorch and Keras upon it do not learn something small: on a GPU where one is lent, else on the processor."""

import keras
import numpy as np
import torch

assert (torch.version.cuda or "").startswith("13."), f"this PyTorch brings CUDA {torch.version.cuda}, not 13"
device = "cuda" if torch.cuda.is_available() else "cpu"
generator = np.random.default_rng(0)
given = generator.normal(size=(256, 4)).astype("float32")
wanted = (given.sum(axis=1) > 0).astype("float32")

network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)).to(device)
optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
examples, labels = torch.from_numpy(given).to(device), torch.from_numpy(wanted).to(device)
for _ in range(60):
    loss = torch.nn.functional.binary_cross_entropy_with_logits(network(examples).squeeze(1), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
right = ((network(examples).squeeze(1) > 0) == (labels > 0)).float().mean().item()
assert right > 0.9, f"PyTorch learned to {right} on {device}"

assert keras.backend.backend() == "torch", f"Keras computes with {keras.backend.backend()}"
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(given, wanted, epochs=10, verbose=0)
accuracy = model.evaluate(given, wanted, verbose=0)[1]
assert accuracy > 0.9, f"Keras learned to {accuracy}"
