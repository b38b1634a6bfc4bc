"""What needs the internet and what Keras no longer has, by reading the code; what works is not said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from hub import cell_code
from hub import release_tables as tables
from hub.downloads.verdicts import Entry, Provided
from tests.assignments import assignment, handed_out, told
from tests.coursework import source


def said(*cells: str) -> list[str]:
    """What is said of cells at the end of a sound notebook."""
    made = handed_out(source())
    made.cells += [new_code_cell(text) for text in cells]
    return told(assignment(source(), made))


@pytest.mark.parametrize(
    "text",
    [
        "!pip install lightgbm",
        "!python -m pip install -q 'lightgbm>=4'",
        "%pip install lightgbm",
        "%conda install lightgbm",
        "!{sys.executable} -m pip install lightgbm",
        "x = !pip3 install lightgbm",
        "%%bash\ncd /tmp\nsudo apt-get install -y graphviz",
        "!cd /tmp && npm install left-pad",
        "!wget -q https://host.example/a.csv",
        "!curl -O https://host.example/a.csv",
        "!git clone https://host.example/a.git",
        "if True:\n    !PIP_QUIET=1 pip install a",
        "%time !pip install a",
        "%%time\n!pip install a",
        "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'a'])",
        "import os\nos.system('pip install a')",
        "from subprocess import run\nrun('curl https://host.example', shell=True)",
        "import urllib.request\nurllib.request.urlretrieve('https://host.example/a', 'a')",
        "from urllib.request import urlopen as o\no('https://host.example')",
        "import requests\nrequests.get('https://host.example')",
        "import keras\nkeras.utils.get_file('a', 'https://host.example/a')",
        "import tensorflow as tf\ntf.keras.utils.get_file('a', 'https://host.example/a')",
        "from keras.datasets import mnist\nmnist.load_data()",
        "from tensorflow.keras.datasets import mnist\n(a, b), (c, d) = mnist.load_data()",
        "from torchvision import datasets\ndatasets.MNIST('data', train=True, download=True)",
        "import torch\ntorch.hub.load('pytorch/vision', 'resnet18')",
        "from torchvision.models import resnet18\nresnet18(pretrained=True)",
        "from torchvision import models\nmodels.resnet18(weights='DEFAULT')",
        "from keras.applications import VGG16\nVGG16(include_top=False)",
        "from sklearn.datasets import fetch_openml\nfetch_openml('mnist_784')",
        "import seaborn as sns\nsns.load_dataset('iris')",
        "import pandas as pd\npd.read_csv('https://host.example/a.csv')",
        "from transformers import AutoModel\nAutoModel.from_pretrained('bert-base-uncased')",
        "import nltk\nnltk.download('punkt')",
    ],
)
def test_what_needs_the_internet_is_said_with_its_cell(text: str) -> None:
    found = said(text)
    assert len(found) == 1, found
    assert found[0].startswith(("ps1.ipynb, cell 4: needs the internet", "ps1.ipynb, cell 4: downloads weights"))


@pytest.mark.parametrize(
    "text",
    [
        "# !pip install a",
        "'''\n!pip install a\n'''",
        "print('pip install a')",
        "!pip list",
        "!ls curl wget",
        "!echo pip install a",
        "%matplotlib inline",
        "%%html\n<a href='https://host.example'>a</a>",
        "print('%s'\n % 5)",
        "import keras\nkeras.applications.VGG16(weights=None)",
        "import keras\nkeras.applications.vgg16.preprocess_input(x)",
        "import torchvision\ntorchvision.models.resnet18()",
        "from torchvision import datasets\ndatasets.MNIST('data', download=False)",
        "from sklearn.datasets import load_iris\nload_iris()",
        "import pandas as pd\npd.read_csv('a.csv')",
        "from transformers import AutoModel\nAutoModel.from_pretrained('./model')",
        "import urllib.parse\nurllib.parse.quote('https://host.example')",
        "requests = {}\nrequests.get('a')",
        "def broken(:",
    ],
)
def test_what_works_without_the_internet_is_not_said(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "gone", "instead"),
    [
        ("import keras\nmodel.predict_classes(x)", "predict_classes", "argmax"),
        ("import tensorflow as tf\nmodel.fit_generator(g)", "fit_generator", "model.fit"),
        ("from keras.layers.merge import concatenate", "keras.layers.merge", "Concatenate"),
        ("from keras.layers import merge", "keras.layers.merge", "Concatenate"),
        ("from keras.utils import np_utils\nnp_utils.to_categorical(y)", "keras.utils.np_utils", "to_categorical"),
        ("from keras.preprocessing.image import ImageDataGenerator", "ImageDataGenerator", "image_dataset"),
        ("import keras\nkeras.preprocessing.text.Tokenizer()", "keras.preprocessing.text", "TextVectorization"),
        ("from tensorflow.keras.layers import CuDNNLSTM", "keras.layers.CuDNNLSTM", "keras.layers.LSTM"),
        ("import tensorflow as tf\ntf.keras.backend.get_session()", "keras.backend.get_session", "no sessions"),
        ("from keras import backend as K\nK.sum(x)", "keras.backend.sum", "keras.ops.sum"),
        ("from keras.optimizers import Adam\nAdam(lr=0.1)", "'lr'", "learning_rate"),
        ("import keras\nmodel.fit(x, y, nb_epoch=3)", "'nb_epoch'", "epochs"),
        ("import tensorflow as tf\ntf.Session()", "tensorflow.Session", "no sessions"),
    ],
)
def test_what_keras_no_longer_has_is_said_with_what_to_use(text: str, gone: str, instead: str) -> None:
    found = said(text)
    assert found, text
    assert gone in found[0]
    assert instead in found[0]
    assert all(line.startswith("ps1.ipynb, cell 4: ") for line in found)


@pytest.mark.parametrize(
    "text",
    [
        "from keras.utils import to_categorical\nto_categorical(y)",
        "from tensorflow.keras.utils import to_categorical",
        "from keras.preprocessing.image import load_img, img_to_array",
        "from keras.preprocessing.sequence import pad_sequences",
        "from tensorflow.keras.preprocessing.image import ImageDataGenerator",
        "import tensorflow as tf\ntf.keras.backend.sum(x)",
        "from keras.layers import Dense, BatchNormalization, Convolution2D\nDense(3, activation='relu')",
        "from keras.wrappers import SKLearnClassifier",
        "from keras.optimizers import Adam, schedules\nAdam(learning_rate=0.1)",
        "from keras import backend as K\nK.clear_session()",
        "import keras\nfrom sklearn.svm import SVC\nSVC().predict_proba(x)",
        "class Mine:\n    def to_yaml(self): ...\nMine().to_yaml()",
        "# model.predict_classes(x)",
    ],
)
def test_what_keras_still_has_is_not_said(text: str) -> None:
    assert said(text) == []


def test_imports_count_in_the_cells_below() -> None:
    assert "cell 5: uses 'keras.utils.np_utils'" in said("import keras as k", "k.utils.np_utils.to_categorical(y)")[0]


def test_hidden_tests_and_files_of_python_are_read_too() -> None:
    document = source()
    document.cells[2].source += "\n### BEGIN HIDDEN TESTS\n!pip install a\n### END HIDDEN TESTS"
    beside = {"helper.py": b"import requests\nrequests.get('https://host.example')"}
    found = told(assignment(document, beside=beside))
    assert [line.partition(" needs")[0] for line in found] == ["helper.py:", "ps1.ipynb, cell 3 'tests':"]


def test_what_the_course_has_is_not_said() -> None:
    made = handed_out(source())
    made.cells += [new_code_cell("import seaborn as sns\nsns.load_dataset('iris')\nsns.load_dataset('tips')")]
    has = Provided((Entry("iris", "iris/iris.csv", library="seaborn"),))
    found = told(assignment(source(), made, provided=has))
    assert len(found) == 1
    assert "needs the internet for the data set tips of seaborn" in found[0]


def test_no_entry_of_the_tables_hides_another() -> None:
    for table in (tables.GONE, tables.GONE_FROM_KERAS):
        assert not [(a, b) for a in table for b in table if a != b and b.startswith(f"{a.rstrip('.')}.")]


@given(st.text(alphabet="!%?\n\t '\"()=abc\\{}$#"))
def test_any_cell_is_read(text: str) -> None:
    assert isinstance(cell_code.read(text).commands, tuple)
