"""Training on real reports: no leaks, labels as numbers, and a writer that learns from a slice of the real set."""

import numpy as np
import pytest

from medigenx_lib import datasets, retrain, weights
from medigenx_lib.datasets.reports import Report, without_leaks
from medigenx_lib.errors import InputError
from medigenx_lib.text import fusion, models, real_reports, training
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.mesh import mesh_findings


def of_split(split, findings, mesh=("normal",)):
    """A report with a study number that falls into ``split``."""
    names = (f"CXR{n}" for n in range(1000))
    taken = of_split.taken
    study = next(name for name in names if name not in taken and Report(name).split == split)
    taken.add(study)
    return Report(study, findings, mesh=tuple(mesh))


of_split.taken = set()


def test_what_is_tested_stands_nowhere_in_training():
    told = of_split("test", "Heart size is normal. Lungs are clear.")
    leak = of_split("train", "HEART SIZE IS NORMAL.  Lungs are clear")
    own, empty = of_split("train", "Lungs are clear."), of_split("train", "")
    val = [of_split("val", "Heart size is normal; lungs are clear."), of_split("val", "Clear.")]
    late = of_split("train", "Clear.")
    assert without_leaks([leak, told, own, *val, empty, late]) == [told, own, val[1], empty]


def test_labels_become_numbers():
    vector = real_reports.label_vector(mesh_findings("Opacity/lung/base/left;Cardiomegaly/mild"))
    said = {name: value for name, value in zip(real_reports.LABELS, vector, strict=True) if value}
    assert said == {"opacity": 1, "opacity.left": 1, "opacity.lower": 1, "cardiomegaly": 1,
                    "cardiomegaly.severity": pytest.approx(1 / 3)}  # fmt: skip


def test_sentences_that_no_label_supports_are_left_out():
    assert real_reports.supported("The heart is large. XXXX sternotomy. A 3 mm nodule.  Clear lungs.") == (
        "The heart is large. Clear lungs."
    )


def test_an_empty_set_is_refused():
    with pytest.raises(InputError):
        real_reports.corpus_of([])


def test_the_command_keeps_their_weights_out_of_the_package(monkeypatch):
    asked = []
    monkeypatch.setattr(real_reports, "train", lambda *options: asked.append(options))
    retrain.run("writer", source="reports", minutes=2.0, seed=3, out=None, start=None)
    assert asked == [("reports", 2.0, real_reports.OUT, 3)]
    assert weights.FOLDER not in real_reports.OUT.resolve().parents


@pytest.fixture(scope="module")
def real(real_data):
    folder = real_data / "iu_xray"
    if not folder.is_dir():
        pytest.skip(f"no Indiana reports at {folder}")
    return datasets.load_reports(folder, progress=False)


def test_the_real_set_is_split_without_leaks(real):
    clean = without_leaks(real)
    texts = {split: {" ".join(r.findings.lower().split()) for r in clean if r.split == split and r.findings}
             for split in ("train", "val", "test")}  # fmt: skip
    assert not texts["train"] & (texts["val"] | texts["test"]) and not texts["val"] & texts["test"]
    assert [r for r in clean if r.split == "test"] == [r for r in real if r.split == "test"]
    assert 0.5 * len(real) < len(clean) < len(real)


def test_a_writer_learns_from_a_slice_of_real_reports(real, tmp_path):
    some = real_reports.usable(without_leaks(real), "train")[:60]
    corpus = real_reports.corpus_of(some)
    recipe = training.Recipe(batch=8, wordings=1)
    path = training.train(0.05, 0, tmp_path / "w.safetensors", corpus=corpus, recipe=recipe, progress=False,
                          make=real_reports.build)  # fmt: skip
    writer = models.load(path)
    assert writer.config.vector_names == real_reports.LABELS
    ids = [tokenization.encode(writer.tokenizer, text) for text in corpus.texts[:8]]
    batch = training.batch_of(corpus, np.arange(8), ids)
    fresh = real_reports.build(corpus, list(corpus.texts)).eval()
    assert training.loss_of(writer, batch) < training.loss_of(fresh, batch) - 1
    (text,) = fusion.write(writer, fusion.Shown(corpus.images[:1], corpus.vectors[:1]), corpus.findings[:1])
    assert not any(letter.isdigit() for letter in text)
