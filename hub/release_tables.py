"""What a cell may not do with Keras 3: names with what stands in their place.

Names are full ones, as imports resolve them, with `tensorflow.keras` written as `keras`. The Keras ones were looked up in the
Keras 3.15 and TensorFlow of the image `deep-learning`.
"""

from __future__ import annotations

# Gone from `keras` and from `tensorflow.keras`, by the beginning of the full name.
GONE = {
    "keras.layers.merge": "keras.layers.Concatenate, Add and so on",
    "keras.layers.Merge": "keras.layers.Concatenate, Add and so on",
    "keras.layers.core": "keras.layers",
    "keras.layers.convolutional": "keras.layers",
    "keras.layers.recurrent": "keras.layers",
    "keras.layers.normalization": "keras.layers",
    "keras.layers.embeddings": "keras.layers",
    "keras.layers.pooling": "keras.layers",
    "keras.layers.wrappers": "keras.layers",
    "keras.layers.noise": "keras.layers",
    "keras.layers.local": "keras.layers.Conv1D or Conv2D",
    "keras.layers.advanced_activations": "keras.layers",
    "keras.layers.experimental": "keras.layers",
    "keras.layers.CuDNNLSTM": "keras.layers.LSTM",
    "keras.layers.CuDNNGRU": "keras.layers.GRU",
    "keras.layers.LocallyConnected1D": "keras.layers.Conv1D",
    "keras.layers.LocallyConnected2D": "keras.layers.Conv2D",
    "keras.layers.DenseFeatures": "keras.layers.Normalization, CategoryEncoding and so on",
    "keras.utils.np_utils": "keras.utils.to_categorical",
    "keras.utils.vis_utils": "keras.utils.plot_model",
    "keras.utils.visualize_util": "keras.utils.plot_model",
    "keras.utils.generic_utils": "keras.utils",
    "keras.utils.data_utils": "keras.utils",
    "keras.utils.layer_utils": "keras.utils",
    "keras.utils.multi_gpu_model": "keras.distribution.DataParallel",
    "keras.utils.HDF5Matrix": "h5py.File",
    "keras.wrappers.scikit_learn": "keras.wrappers.SKLearnClassifier",
    "keras.engine": "keras.Model and keras.layers.Layer",
    "keras.objectives": "keras.losses",
    "keras.initializations": "keras.initializers",
    "keras.initializers.normal": "keras.initializers.RandomNormal",
    "keras.models.model_from_yaml": "keras.models.model_from_json",
    "keras.optimizers.adam": "keras.optimizers.Adam",
    "keras.optimizers.adam_v2": "keras.optimizers.Adam",
    "keras.optimizers.gradient_descent_v2": "keras.optimizers.SGD",
    "keras.optimizers.experimental": "keras.optimizers",
    "keras.estimator": "model.fit",
    "keras.experimental": "keras.layers and keras.optimizers",
    "keras.premade": "keras.Sequential",
    "keras.backend.function": "keras.Model(inputs, outputs)",
    "keras.backend.get_session": "nothing: there are no sessions",
    "keras.backend.set_session": "nothing: there are no sessions",
    "keras.backend.learning_phase": "the argument training=",
    "keras.backend.set_learning_phase": "the argument training=",
    "keras.backend.placeholder": "keras.Input",
    "keras.backend.tensorflow_backend": "keras.ops",
    "keras.backend.tf": "tensorflow itself",
    "keras.losses.cosine_proximity": "keras.losses.cosine_similarity",
    "keras.metrics.fmeasure": "keras.metrics.F1Score",
    "keras.constraints.maxnorm": "keras.constraints.MaxNorm",
    "keras.callbacks.experimental": "keras.callbacks",
    "keras.regularizers.WeightRegularizer": "keras.regularizers.L1L2",
    "keras.mixed_precision.experimental": "keras.mixed_precision",
    "tensorflow.contrib": "keras or tensorflow itself",
    "tensorflow.Session": "nothing: there are no sessions",
    "tensorflow.placeholder": "keras.Input",
}

# Gone from `keras`; `tensorflow.keras` still has them.
GONE_FROM_KERAS = {
    "keras.layers.ThresholdedReLU": "keras.layers.ReLU(threshold=…)",
    "keras.layers.RandomHeight": "keras.layers.RandomZoom",
    "keras.layers.RandomWidth": "keras.layers.RandomZoom",
    "keras.preprocessing.image.ImageDataGenerator": "keras.utils.image_dataset_from_directory and keras.layers.RandomFlip and so on",
    "keras.preprocessing.image.random_": "keras.layers.RandomRotation and so on",
    "keras.preprocessing.text": "keras.layers.TextVectorization",
    "keras.preprocessing.sequence.TimeseriesGenerator": "keras.utils.timeseries_dataset_from_array",
    "keras.backend.gradients": "tensorflow.GradientTape",
    "keras.backend.ctc_batch_cost": "keras.losses.CTC",
    "keras.losses.kullback_leibler_divergence": "keras.losses.kl_divergence",
    **{
        f"keras.backend.{name}": f"keras.ops.{name}"
        for name in ("sum", "mean", "square", "cast", "clip", "exp", "shape", "dot", "log", "sqrt", "abs", "max", "min")
    },
}

# Methods of a model, in a notebook that uses Keras.
METHODS = {
    "predict_classes": "model.predict(x).argmax(axis=-1)",
    "predict_proba": "model.predict(x)",
    "fit_generator": "model.fit",
    "evaluate_generator": "model.evaluate",
    "predict_generator": "model.predict",
    "_make_predict_function": "nothing: it is not needed",
    "to_yaml": "model.to_json",
    "get_output_at": "layer.output",
    "get_input_at": "layer.input",
}
OTHERS_METHODS = {"predict_proba"}  # scikit-learn's models and those that follow it have them too
OTHERS = {"sklearn", "xgboost", "lightgbm", "catboost", "imblearn"}

# Arguments: the beginning of the call's full name or `.method`, the argument, what stands in its place.
ARGUMENTS = (
    ("keras.optimizers.", "lr", "learning_rate"),
    ("keras.layers.", "batch_input_shape", "keras.Input(batch_shape=…) as the first layer"),
    ("keras.layers.", "weights", "layer.set_weights after building"),
    ("keras.layers.", "init", "kernel_initializer"),
    ("keras.layers.", "W_regularizer", "kernel_regularizer"),
    ("keras.layers.", "border_mode", "padding"),
    ("keras.layers.", "subsample", "strides"),
    ("keras.callbacks.ModelCheckpoint", "period", "save_freq"),
    (".fit", "nb_epoch", "epochs"),
)
