"""Which calls and commands fetch something, and which files they fetch.

Full names, as imports resolve them, with `tensorflow.keras` written as `keras`. The files were read in Keras 3.15.1,
seaborn 0.13.2 and scikit-learn 1.9.1 of the image `deep-learning` (its `get_file` was made to tell what it is asked for), and in
torchvision 0.28.0 of `torch-gpu`.
"""

from __future__ import annotations

from hub.downloads import Kind

SCHEMES = ("http://", "https://", "ftp://", "s3://", "gs://")
NO_ADDRESSES = ("http://www.w3.org/", "https://www.w3.org/", "http://schema.org/", "http://schemas.")  # names of XML
SEABORN = "https://raw.githubusercontent.com/mwaskom/seaborn-data/master/"

STORAGE = "https://storage.googleapis.com/"
_SETS = f"{STORAGE}tensorflow/tf-keras-datasets/"
KERAS_DATASETS: dict[str, tuple[str, ...]] = {
    **{f"{name}.load_data": (f"{_SETS}{name}.npz",) for name in ("boston_housing", "california_housing", "imdb")},
    **{f"{name}.load_data": (f"{_SETS}{name}.npz",) for name in ("mnist", "reuters")},
    "cifar10.load_data": ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    "cifar100.load_data": ("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
    "fashion_mnist.load_data": tuple(
        f"{_SETS}{name}-ubyte.gz"
        for name in ("train-labels-idx1", "train-images-idx3", "t10k-labels-idx1", "t10k-images-idx3")
    ),
    "imdb.get_word_index": (f"{_SETS}imdb_word_index.json",),
    "reuters.get_word_index": (f"{_SETS}reuters_word_index.json",),
}

CLASS_INDEX = f"{STORAGE}download.tensorflow.org/data/imagenet_class_index.json"
_APPLICATIONS = f"{STORAGE}tensorflow/keras-applications/"
_ORDERED = "_weights_tf_dim_ordering_tf_kernels"
# By model: where its weights lie, their file's name, its end with and without the top. `{alpha}` stands for the width.
KERAS_WEIGHTS: dict[str, tuple[str, str, str, str]] = {
    **{
        f"ConvNeXt{size}": (f"{_APPLICATIONS}convnext/", f"convnext_{size.lower()}", ".h5", "_notop.h5")
        for size in ("Tiny", "Small", "Base", "Large", "XLarge")
    },
    **{
        f"DenseNet{size}": (f"{_APPLICATIONS}densenet/", f"densenet{size}{_ORDERED}", ".h5", "_notop.h5")
        for size in (121, 169, 201)
    },
    **{
        f"EfficientNetB{size}": (f"{STORAGE}keras-applications/", f"efficientnetb{size}", ".h5", "_notop.h5")
        for size in range(8)
    },
    **{
        f"EfficientNetV2{size}": (
            f"{_APPLICATIONS}efficientnet_v2/",
            f"efficientnetv2-{size.lower()}",
            ".h5",
            "_notop.h5",
        )
        for size in ("B0", "B1", "B2", "B3", "S", "M", "L")
    },
    **{
        f"ResNet{size}": (f"{_APPLICATIONS}resnet/", f"resnet{size.lower()}{_ORDERED}", ".h5", "_notop.h5")
        for size in ("50", "101", "152", "50V2", "101V2", "152V2")
    },
    **{
        name: (f"{_APPLICATIONS}{stem}/", f"{stem}{_ORDERED}", ".h5", "_notop.h5")
        for name, stem in (
            *(("InceptionResNetV2", "inception_resnet_v2"), ("InceptionV3", "inception_v3")),
            *(("VGG16", "vgg16"), ("VGG19", "vgg19"), ("Xception", "xception")),
        )
    },
    "MobileNet": (f"{_APPLICATIONS}mobilenet/", "mobilenet_{alpha}_224_tf", ".h5", "_no_top.h5"),
    "MobileNetV2": (
        *(f"{_APPLICATIONS}mobilenet_v2/", f"mobilenet_v2{_ORDERED}_{{alpha}}_224"),
        *(".h5", "_no_top.h5"),
    ),
    **{
        f"MobileNetV3{size}": (
            *(f"{_APPLICATIONS}mobilenet_v3/", f"weights_mobilenet_v3_{size.lower()}_224_{{alpha}}_float"),
            *(".h5", "_no_top_v2.h5"),
        )
        for size in ("Small", "Large")
    },
    "NASNetMobile": (f"{_APPLICATIONS}nasnet/", "nasnet_mobile", ".h5", "_no_top.h5"),
    "NASNetLarge": (f"{_APPLICATIONS}nasnet/", "nasnet_large", ".h5", "_no_top.h5"),
}
# Files that lie under another name than the one by which Keras keeps them.
KERAS_SOURCES = {
    "nasnet_mobile.h5": "NASNet-mobile.h5",
    "nasnet_mobile_no_top.h5": "NASNet-mobile-no-top.h5",
    "nasnet_large.h5": "NASNet-large.h5",
    "nasnet_large_no_top.h5": "NASNet-large-no-top.h5",
}
MOBILE_ALPHA = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}  # as MobileNet, the first of them, writes it

# Data sets of torchvision that fetch the same files whatever else they are given, from the first of their addresses.
_VGG = "https://www.robots.ox.ac.uk/~vgg/data/"
_IDX = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
TORCHVISION: dict[str, tuple[str, ...]] = {
    **{
        name: tuple(f"{base}{part}-ubyte.gz" for part in _IDX)
        for name, base in (
            ("MNIST", "https://ossci-datasets.s3.amazonaws.com/mnist/"),
            ("FashionMNIST", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
            ("KMNIST", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
        )
    },
    "EMNIST": ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
    "CIFAR10": ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    "CIFAR100": ("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
    "STL10": ("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",),
    "Caltech101": ("https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",),
    "Caltech256": ("https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar",),
    "Flowers102": tuple(f"{_VGG}flowers/102/{file}" for file in ("102flowers.tgz", "imagelabels.mat", "setid.mat")),
    "OxfordIIITPet": tuple(f"{_VGG}pets/data/{file}.tar.gz" for file in ("images", "annotations")),
    "Food101": ("http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz",),
    "DTD": (f"{_VGG}dtd/download/dtd-r1.0.1.tar.gz",),
    "FGVCAircraft": (f"{_VGG}fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz",),
}

_FIGSHARE = "https://ndownloader.figshare.com/files/"
SKLEARN: dict[str, tuple[tuple[str, str], ...]] = {
    name: tuple((file, f"{_FIGSHARE}{number}") for file, number in files)
    for name, files in {
        "fetch_california_housing": (("cal_housing.tgz", 5976036),),
        "fetch_covtype": (("covtype.data.gz", 5976039),),
        "fetch_kddcup99": (("kddcup99_10_data", 5976042),),
        "fetch_lfw_people": (("lfw-funneled.tgz", 5976015),),
        "fetch_lfw_pairs": (
            *(("pairsDevTrain.txt", 5976012), ("pairsDevTest.txt", 5976009), ("pairs.txt", 5976006)),
            ("lfw-funneled.tgz", 5976015),
        ),
        "fetch_olivetti_faces": (("olivettifaces.mat", 5976027),),
        "fetch_species_distributions": (("samples.zip", 5976075), ("coverages.zip", 5976078)),
        "fetch_20newsgroups": (("20news-bydate.tar.gz", 5975967),),
        "fetch_20newsgroups_vectorized": (("20news-bydate.tar.gz", 5975967),),
    }.items()
}

# Calls that fetch from one place: the beginning of the full name, what it is in words, where from, what can be done about it.
# `{}` is the first argument.
NAMED: tuple[tuple[str, str, str, Kind], ...] = (
    ("sklearn.datasets.fetch_openml", "the data set {} of OpenML", "https://api.openml.org/", Kind.FILE),
    ("sklearn.datasets.fetch_", "a data set of scikit-learn", _FIGSHARE, Kind.FILE),
    ("datasets.load_dataset", "the data set {} of Hugging Face", "https://huggingface.co/datasets/{}", Kind.HUGE),
    ("huggingface_hub.", "files of {} on Hugging Face", "https://huggingface.co/{}", Kind.HUGE),
    ("transformers.pipeline", "a model of Hugging Face for {}", "https://huggingface.co/", Kind.HUGE),
    (
        "sentence_transformers.SentenceTransformer",
        "the model {} of Hugging Face",
        "https://huggingface.co/{}",
        Kind.HUGE,
    ),
    ("tensorflow_datasets.load", "the data set {} of TensorFlow Datasets", f"{STORAGE}tfds-data/", Kind.HUGE),
    ("tensorflow_datasets.builder", "the data set {} of TensorFlow Datasets", f"{STORAGE}tfds-data/", Kind.HUGE),
    ("tensorflow_hub.", "the model {} of TensorFlow Hub", "https://tfhub.dev/", Kind.HUGE),
    ("keras.datasets.", "a data set of Keras", _SETS, Kind.FILE),
    ("gdown.", "a file of Google Drive", "https://drive.google.com/", Kind.FILE),
    ("kagglehub.", "{} of Kaggle", "https://www.kaggle.com/", Kind.HUGE),
    ("kaggle.api.", "files of Kaggle", "https://www.kaggle.com/", Kind.HUGE),
    (
        "nltk.download",
        "the package {} of NLTK's data",
        "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/",
        Kind.HUGE,
    ),
    ("gensim.downloader.", "{} of gensim's data", "https://github.com/RaRe-Technologies/gensim-data/", Kind.FILE),
    ("spacy.cli.download", "the model {} of spaCy", "https://github.com/explosion/spacy-models/", Kind.HUGE),
    ("spacy.cli.download.download", "the model {} of spaCy", "https://github.com/explosion/spacy-models/", Kind.HUGE),
    (
        "statsmodels.api.datasets.get_rdataset",
        "the data set {} of R",
        "https://raw.githubusercontent.com/vincentarelbundock/Rdatasets/master/",
        Kind.FILE,
    ),
    ("ucimlrepo.fetch_ucirepo", "a data set of the UCI repository", "https://archive.ics.uci.edu/", Kind.FILE),
    ("openml.datasets.", "a data set of OpenML", "https://api.openml.org/", Kind.FILE),
    ("yfinance.", "prices of Yahoo Finance", "https://query1.finance.yahoo.com/", Kind.SERVICE),
    ("pandas_datareader.", "series of a service on the internet", "", Kind.SERVICE),
    ("openai.", "an answer of OpenAI's service", "https://api.openai.com/", Kind.SERVICE),
    ("google.colab", "something that only Google Colab has", "", Kind.SERVICE),
    ("IPython.display.YouTubeVideo", "the film {} of YouTube", "https://www.youtube.com/embed/{}", Kind.SHOWN),
    ("IPython.display.VimeoVideo", "the film {} of Vimeo", "https://player.vimeo.com/video/{}", Kind.SHOWN),
    ("pip.main", "packages by pip", "", Kind.PACKAGE),
)
# Calls that go out wherever their argument says; told even when it does not say where.
GO_OUT = (
    *("urllib.request.urlopen", "urllib.request.urlretrieve", "requests.get", "requests.post", "requests.request"),
    *("requests.Session", "httpx.get", "httpx.post", "httpx.Client", "aiohttp.ClientSession", "urllib3.PoolManager"),
    *("http.client.HTTPConnection", "http.client.HTTPSConnection", "ftplib.FTP", "socket.create_connection"),
    *("wget.download", "keras.utils.get_file", "torch.hub."),
)
UNANSWERED = ("aiohttp.", "http.client.", "ftplib.", "socket.")  # of them, past the libraries that are answered
SHOWS = ("IPython.display.IFrame", "IPython.display.Image", "IPython.display.Video", "IPython.display.Audio")
PAGES = ("IPython.display.HTML", "IPython.display.Markdown", "IPython.display.SVG")  # whose texts a browser reads
RUNNERS = {
    *("os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.Popen"),
    *("subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput"),
}

# What takes an address and fetches nothing: names, methods, arguments.
SPEAK = {
    *("print", "len", "repr", "isinstance", "type", "hash", "id", "input", "ValueError", "RuntimeError", "Exception"),
    *(
        "dict",
        "list",
        "tuple",
        "set",
        "sorted",
        "zip",
        "enumerate",
        "str",
        "reversed",
        "frozenset",
        "any",
        "all",
        "map",
    ),
}
SPEAK_MODULES = (
    *("re.", "urllib.parse.", "os.path.", "posixpath.", "logging.", "warnings.", "webbrowser.", "textwrap.", "pprint."),
    *(
        "json.dump",
        "os.environ.",
        "os.getenv",
        "hashlib.",
        "pandas.DataFrame",
        "pandas.Series",
        "argparse.",
        "pathlib.",
    ),
    *("IPython.display.Markdown", "IPython.display.Latex", "IPython.display.HTML", "matplotlib.", "numpy.array"),
)
SPEAK_METHODS = {
    *("format", "join", "replace", "split", "rsplit", "startswith", "endswith", "strip", "lstrip", "rstrip", "lower"),
    *("encode", "find", "count", "index", "partition", "rpartition", "removeprefix", "removesuffix", "write"),
    *("set_title", "title", "set_xlabel", "set_ylabel", "xlabel", "ylabel", "text", "annotate", "suptitle", "legend"),
    *("info", "debug", "warning", "error", "exception", "add_argument", "append", "extend", "add", "insert", "update"),
    *("setdefault", "items", "keys", "values", "register_namespace", "mount", "upper", "splitlines", "group", "match"),
}
SPEAK_ARGUMENTS = {
    "headers",
    "proxies",
    "label",
    "title",
    "text",
    "help",
    "description",
    "xlabel",
    "ylabel",
    "user_agent",
}

ANSWERED = ("curl", "wget")  # the images' own, which find what a course provides by its address
# Commands of a shell: the program, the word that makes it reach out (none: it always does), what that fetches.
COMMANDS: tuple[tuple[str, str, Kind], ...] = (
    *((name, word, Kind.PACKAGE) for name in ("pip", "pip3") for word in ("install", "download")),
    *(("uv", word, Kind.PACKAGE) for word in ("install", "add")),
    *((name, word, Kind.CONDA) for name in ("conda", "mamba", "micromamba") for word in ("install", "create")),
    *((name, word, Kind.PROGRAM) for name in ("apt", "apt-get") for word in ("install", "update")),
    *((name, word, Kind.PROGRAM) for name, word in (("npm", "install"), ("npx", ""))),
    *(("git", word, Kind.REPOSITORY) for word in ("clone", "pull", "fetch")),
    *((name, "", Kind.FILE) for name in (*ANSWERED, "gdown", "aria2c")),
    *((name, "", Kind.HUGE) for name in ("kaggle", "gsutil", "ssh", "scp")),
    *((name, "download", Kind.HUGE) for name in ("huggingface-cli", "hf")),
)
