"""Training: refusals, what it writes, and that it survives whatever stops it."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from medigenx_lib import weights
from medigenx_lib.errors import InputError, TrainingError, WeightsError
from medigenx_lib.gan import sampling, training
from medigenx_lib.gan import state as states
from medigenx_lib.gan.recipes import R3GAN, STRONG, grown, stretched
from medigenx_lib.gan.state import CHECKPOINT, State

TINY = replace(STRONG, size=16, width=4, latent=8, batch=8)
QUIET = {"progress_bar": False, "device": "cpu"}


def films(count=40, size=16):
    images = np.random.default_rng(0).integers(0, 256, (count, size, size), np.uint8)
    return images, np.arange(count) % 2


def final(folder):
    return weights.load(folder / CHECKPOINT)


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("images, labels, message", [
    (films(40, 20)[0], films()[1], "must be"),
    (films()[0][..., None], films()[1], "must be"),
    (films()[0], films()[1][:-1], "labels"),
    (films()[0], np.ones(40, int), "0 normal"),
    (films(20)[0], films(20)[1], "at least 16 of each"),
    (films()[0], np.arange(40) % 3, "neither 0"),
    (films()[0], np.array(["normal", "pneumonia"] * 20), "neither 0"),
    (films()[0], None, "no labels"),
    ([*films()[0][1:], np.zeros((20, 16), np.uint8)], films()[1], "differ in size"),
    (films()[0].astype(np.int32), films()[1], "int32"),
    (films()[0].astype(np.float32), films()[1], "outside 0..1"),
    (np.full((40, 16, 16), np.nan), films()[1], "NaN"),
])  # fmt: skip
def test_films_that_do_not_fit_are_refused(tmp_path, images, labels, message):
    with pytest.raises(InputError, match=message):
        training.train(images, labels, tmp_path / "run", TINY, images=8, **QUIET)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("budget", [{}, {"minutes": 0}, {"images": -1}, {"minutes": float("nan")}])
def test_a_budget_is_required(tmp_path, budget):
    with pytest.raises(InputError, match="budget"):
        training.train(*films(), tmp_path, TINY, **budget, **QUIET)


def test_what_stands_beside_the_bar_leaves_room_for_it(tmp_path, capfd):
    training.train(*films(), tmp_path / "run", TINY, images=24 * TINY.batch, device="cpu")
    last = capfd.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    beside = last.rpartition("|")[2]
    assert "images=" in beside and "D=" in beside and "G=" in beside and len(beside) < 60, beside


def test_floats_and_bytes_are_the_same_films():
    images, labels = films()
    bytes_, _ = training.check_films(images, labels, 16)
    floats, _ = training.check_films((images / 255).astype(np.float32), labels, 16)
    assert torch.equal(bytes_, floats)


def test_mirrored_films_are_taken():
    images, labels = films()
    mirrored, _ = training.check_films(images[:, :, ::-1], labels, 16)
    assert np.array_equal(mirrored[:, 0].numpy()[:, :, ::-1], images)


def test_networks_that_are_told_no_labels_need_none(tmp_path):
    images, untold = films()[0], replace(TINY, conditional=False)
    for number, labels in enumerate((None, np.ones(40, int))):
        training.train(images, labels, tmp_path / f"{number}", untold, images=8, **QUIET)
        training.train(images, labels, tmp_path / f"{number}", untold, images=16, **QUIET)
    assert final(tmp_path / "0")[1]["data"].keys() == {"films", "sha256"}
    assert final(tmp_path / "1")[1]["data"]["pneumonia"] == 40
    assert sampling.sample([0], tmp_path / "0")[0].label is None
    with pytest.raises(InputError, match="at least 16"):
        training.train(images[:15], None, tmp_path / "few", untold, images=8, **QUIET)


def test_each_epoch_shows_every_film_once_in_a_new_order():
    images, labels = training.check_films(np.repeat(np.arange(40, dtype=np.uint8), 256).reshape(40, 16, 16),
                                          films()[1], 16)  # fmt: skip
    state, seen = State.new(TINY, {}), []
    for state.step in range(10):
        real, targets = training.batch(images, labels, state)
        seen += ((real[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
        assert real.shape == (8, 1, 16, 16) and targets.tolist() == [number % 2 for number in seen[-8:]]
    assert sorted(seen[:40]) == sorted(seen[40:]) == list(range(40)) and seen[:40] != seen[40:]


def test_what_it_writes_and_calls(tmp_path):
    seen = []
    result = training.train(*films(), tmp_path, TINY, images=160, sample_every=0, checkpoint_every=0,
                            on_sample=lambda shown, figures: seen.append((shown, figures)), **QUIET)  # fmt: skip
    tensors, config = final(tmp_path)
    assert config["counters"]["images"] == result.figures["images"] == 160
    assert {name.split(".")[0] for name in tensors} == {
        "generator", "discriminator", "average", "generator_adam", "discriminator_adam"}  # fmt: skip
    assert config["data"]["normal"] == config["data"]["pneumonia"] == 20
    shown, figures = seen[-1]
    assert shown.shape == (32, 16, 16) and shown.dtype == np.float32 and 0 <= shown.min() <= shown.max() <= 1
    assert len(seen) == 21 and figures["images"] == 160
    assert len(list((tmp_path / "samples").glob("*.png"))) == 20
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["images"] for line in log] == [*range(8, 161, 8), 160] and log[0]["discriminator_loss"] > 0


def test_minutes_end_annealed(tmp_path, monkeypatch):
    """The schedules follow the clock: whatever the machine's speed, the last step is taken near progress 1."""
    real, progress = training.step, []
    monkeypatch.setattr(training, "step", lambda *a: progress.append(a[-1]) or real(*a))
    result = training.train(*films(), tmp_path, TINY, minutes=0.02, **QUIET)
    assert result.figures["seconds"] >= 1.2 and result.figures["images"] == 8 * len(progress)
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] > 0.5


def test_cpu_seconds_end_annealed(tmp_path):
    result = training.train(*films(), tmp_path, TINY, cpu_seconds=0.5, **QUIET)
    assert 0.5 <= result.figures["cpu_seconds"] < 5 and result.figures["images"] > 8


def test_a_checkpoint_from_before_a_field_existed_is_resumed(tmp_path):
    training.train(*films(), tmp_path, TINY, images=8, **QUIET)
    tensors, config = final(tmp_path)
    del config["recipe"]["critic_steps"]
    weights.save(tmp_path / CHECKPOINT, tensors, config)
    assert training.train(*films(), tmp_path, TINY, images=16, **QUIET).figures["images"] == 16


def test_another_recipe_or_other_films_are_not_resumed(tmp_path):
    images, labels = films()
    training.train(images, labels, tmp_path, TINY, images=8, **QUIET)
    with pytest.raises(InputError, match=r"lr was 0\.0005, is 0\.1"):
        training.train(images, labels, tmp_path, replace(TINY, lr=0.1), images=16, **QUIET)
    with pytest.raises(InputError, match=r"other films \(as many, but not the same"):
        training.train(255 - images, labels, tmp_path, TINY, images=16, **QUIET)
    with pytest.raises(InputError, match="There is a training"):
        training.train(images, labels, tmp_path, TINY, images=16, resume=False, **QUIET)
    assert final(tmp_path)[1]["counters"]["images"] == 8


def test_a_training_moves_to_a_machine_of_another_precision(tmp_path):
    for images, bf16 in ((8, False), (16, True)):
        figures = training.train(*films(), tmp_path, replace(TINY, bf16=bf16), images=images, **QUIET).figures
    assert figures["images"] == 16 and final(tmp_path)[1]["recipe"]["bf16"]


def test_a_log_that_was_cut_off_is_no_obstacle(tmp_path):
    training.train(*films(), tmp_path, TINY, images=8, **QUIET)
    with open(tmp_path / training.LOG, "a") as stream:
        stream.write('{"step": 2, "ima')
    training.train(*films(), tmp_path, TINY, images=16, **QUIET)
    lines = (tmp_path / training.LOG).read_text().splitlines()
    assert [json.loads(line)["images"] for line in lines] == [8, 16]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made"):
        training.train(*films(), tmp_path / "file" / "run", TINY, images=8, **QUIET)
    monkeypatch.setattr(training.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="Nothing can be written"):
        training.train(*films(), tmp_path / "run", TINY, images=8, **QUIET)


class Stop(Exception):
    pass


def stop(*_):
    raise Stop


@pytest.mark.parametrize("adaptive", [0.0, 0.001])
def test_a_stopped_run_resumes_bit_for_bit(tmp_path, adaptive):
    """Stopped between checkpoints, at an odd step: the steps after the checkpoint are taken again, the same."""
    recipe = replace(TINY, augment=("translation",), adaptive=adaptive)
    training.train(*films(), tmp_path / "whole", recipe, images=240, **QUIET)
    with pytest.raises(Stop):
        training.train(*films(), tmp_path / "parts", recipe, images=240, checkpoint_every=0, sample_every=0,
                       on_sample=lambda _, figures: stop() if figures["images"] == 104 else None, **QUIET)  # fmt: skip
    training.train(*films(), tmp_path / "parts", recipe, images=240, **QUIET)
    (whole, counted), (parts, again) = (final(tmp_path / name) for name in ("whole", "parts"))
    assert same(whole, parts) and counted["counters"]["augmented"] == again["counters"]["augmented"]
    log = [json.loads(line)["augmented"] for line in (tmp_path / "parts" / training.LOG).read_text().splitlines()]
    assert (max(log) > 0) == bool(adaptive)


def test_a_training_goes_on_from_a_smaller_one_and_resumes_bit_for_bit(tmp_path):
    """Warm-up, growth and all: stopped in the middle, it ends as one left alone; and the smaller one stays as it is."""
    training.train(*films(), tmp_path / "small", TINY, images=80, **QUIET)
    small, recipe = final(tmp_path / "small")[0], grown(TINY, 32, warmup=5, batch=8)
    options = QUIET | {"start": tmp_path / "small", "checkpoint_every": 0, "sample_every": 0}
    training.train(*films(40, 32), tmp_path / "whole", recipe, images=160, **options)
    with pytest.raises(Stop):
        training.train(*films(40, 32), tmp_path / "parts", recipe, images=160, **options,
                       on_sample=lambda _, figures: stop() if figures["images"] == 64 else None)  # fmt: skip
    training.train(*films(40, 32), tmp_path / "parts", recipe, images=160, **options)
    assert same(final(tmp_path / "whole")[0], final(tmp_path / "parts")[0])
    assert same(final(tmp_path / "small")[0], small)
    with pytest.raises(InputError, match="start was"):
        training.train(*films(40, 32), tmp_path / "parts", recipe, images=320, **QUIET)


def test_a_start_gives_its_weights_and_the_warm_up_spares_the_generator(tmp_path):
    folder, start = tmp_path / "small", tmp_path / "small" / CHECKPOINT
    training.train(*films(), folder, TINY, images=80, **QUIET)
    state = State.new(grown(TINY, 32, seed=3), {})
    state.start(start)
    small = final(folder)[0]
    assert torch.equal(state.generator.start.weight, small["average.start.weight"])
    assert torch.equal(state.discriminator.logit.weight, small["discriminator.logit.weight"])
    before = {name: tensor.clone() for name, tensor in state.generator.state_dict().items()}
    real = torch.rand(8, 1, 32, 32) * 2 - 1
    figures = training.step(state, real, torch.arange(8) % 2, 0.0)
    assert "generator_loss" not in figures and "discriminator_loss" in figures
    after = state.generator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name, _ in state.generator.named_parameters())
    lr = [[group["lr"] for group in adam.param_groups] for adam in (state.generator_adam, state.discriminator_adam)]
    assert lr == [[pytest.approx(1e-4), pytest.approx(1e-3)], [pytest.approx(1e-3)] * 2]
    with pytest.raises(InputError, match="has another generator"):
        State.new(replace(TINY, width=8), {}).start(start)


def test_both_networks_of_one_size_go_on_by_their_own_recipe_all_else_grows(tmp_path):
    """What is exported with its discriminator starts a training like the folder it came from; alone it is warmed up."""
    training.train(*films(), tmp_path / "first", TINY, images=80, **QUIET)
    both, alone = (
        sampling.export(tmp_path / "first", tmp_path / f"{name}.safetensors", discriminator=name == "both")
        for name in ("both", "alone")
    )
    for start in (tmp_path / "first", both):
        assert states.start_recipe(start, TINY.size, seed=3) == replace(TINY, seed=3)
        assert states.start_recipe(start, 32) == grown(TINY, 32)
    assert states.start_recipe(alone, TINY.size, seed=3) == grown(TINY, TINY.size, seed=3)
    recipe = states.start_recipe(both, TINY.size, seed=3)
    for name, start in (("from folder", tmp_path / "first"), ("from file", both)):
        training.train(*films(40), tmp_path / name, recipe, images=80, start=start, **QUIET)
    assert same(final(tmp_path / "from folder")[0], final(tmp_path / "from file")[0])
    for wrong in ("nothing", "lung_unet"):
        with pytest.raises(WeightsError, match=r"no weights|holds no generator"):
            states.start_recipe(wrong, 32)


KILLED = """
import sys, torch; torch.set_num_threads(1)
sys.path.insert(0, sys.argv[2])
from test_training import films, training, TINY
training.train(*films(), sys.argv[1], TINY, images=1600, checkpoint_every=0.05, device="cpu", progress_bar=False)
"""


def test_killed_at_a_random_moment_it_ends_the_same(tmp_path):
    """kill -9 somewhere after the first checkpoint: the end is, bit for bit, that of a run left alone."""
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder), os.path.dirname(__file__)])
    training.train(*films(), whole, TINY, images=1600, **QUIET)
    while not (folder / CHECKPOINT).is_file():
        time.sleep(0.02)
        assert process.poll() is None
    time.sleep(np.random.default_rng().uniform(0.0, 1.0))
    process.send_signal(signal.SIGKILL)
    process.wait()
    final(folder)  # whatever the moment, the checkpoint can be read
    training.train(*films(), folder, TINY, images=1600, **QUIET)
    assert same(final(whole)[0], final(folder)[0])


def test_nan_ends_with_the_last_good_checkpoint(tmp_path, monkeypatch):
    training.train(*films(), tmp_path, TINY, images=80, **QUIET)
    real = training.step
    monkeypatch.setattr(training, "step", lambda *a: {k: v * float("nan") for k, v in real(*a).items()})
    with pytest.raises(TrainingError, match=r"NaN.*checkpoint\.safetensors"):
        training.train(*films(), tmp_path, TINY, images=800, **QUIET)
    assert final(tmp_path)[1]["counters"]["images"] == 80


def test_nan_weights_are_never_saved(tmp_path):
    state = State.new(TINY, {})
    state.generator.film.weight.data[:] = float("nan")
    with pytest.raises(TrainingError, match="no checkpoint yet"):
        states.save(state, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error, message", [(KeyboardInterrupt(), "interrupted"), (MemoryError(), "memory"),
                                            (torch.OutOfMemoryError(), "memory")])  # fmt: skip
def test_interruptions_name_the_checkpoint(tmp_path, monkeypatch, error, message):
    training.train(*films(), tmp_path, TINY, images=80, **QUIET)

    def fail(*_):
        raise error

    monkeypatch.setattr(training, "step", fail)
    with pytest.raises(TrainingError, match=rf"{message}.*checkpoint\.safetensors"):
        training.train(*films(), tmp_path, TINY, images=800, **QUIET)


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    training.train(*films(), tmp_path, TINY, images=80, **QUIET)
    full = OSError(28, "No space left on device")
    monkeypatch.setattr("medigenx_lib.weights.replacing", lambda path: (_ for _ in ()).throw(full))
    with pytest.raises(TrainingError, match=r"No space left.*Last good checkpoint.*Free some space"):
        training.train(*films(), tmp_path, TINY, images=160, **QUIET)
    monkeypatch.undo()
    assert final(tmp_path)[1]["counters"]["images"] == 80


@pytest.mark.parametrize("base", [TINY, replace(R3GAN, size=16, width=8, latent=8, batch=8)], ids=["strong", "r3gan"])
def test_it_learns_the_classes(base, tmp_path):
    """Bright normal films, dark pneumonia films: after two hundred steps the generator tells them apart."""
    images = np.where(np.arange(64)[:, None, None] % 2, 40, 200).astype(np.uint8).repeat(16, 1).repeat(16, 2)
    seen = []
    training.train(images, np.arange(64) % 2, tmp_path, replace(base, ema=0.9, lr=2e-3), images=1600,
                   on_sample=lambda shown, _: seen.append(shown), **QUIET)  # fmt: skip
    pneumonia = np.arange(32) % 8 >= 4
    assert seen[-1][~pneumonia].mean() - seen[-1][pneumonia].mean() > 0.25


def test_flat_films_are_learnt_as_if_they_were_stretched(tmp_path):
    images, labels = films()
    few = images // 5 + 100  # 51 greys, 100 to 151
    full = (few.astype(int) - 100) * 5
    recipe = replace(TINY, greys=(100 / 255, 151 / 255))
    for folder, given, chosen in (("flat", few, recipe), ("full", full.astype(np.uint8), TINY)):
        training.train(given, labels, tmp_path / folder, chosen, images=80, **QUIET)
    flat, whole = (
        np.stack([case.image for case in sampling.sample([0, 1] * 4, tmp_path / folder)]) for folder in ("flat", "full")
    )
    low, high = recipe.greys
    inside = (whole > 0) & (whole < 1)  # a grey that is cut off at black or white says nothing
    assert inside.mean() > 0.5
    np.testing.assert_allclose(flat[inside], whole[inside] * (high - low) + low, atol=2e-3)


def test_only_flat_films_are_stretched():
    images = films()[0] / 255.0
    assert stretched(TINY, images) == TINY
    assert stretched(TINY, np.full((4, 16, 16), 0.5)) == TINY
    assert stretched(TINY, images * 0.2 + 0.4).greys == pytest.approx((0.4, 0.6), abs=0.01)
    assert stretched(replace(TINY, greys=(0.4, 0.6)), images) == TINY
    for wrong in ((0.6, 0.4), (-0.1, 0.5), (0.5, float("nan"))):
        with pytest.raises(InputError, match="greys"):
            replace(TINY, greys=wrong)


def test_a_recipe_of_numpy_numbers_is_saved(tmp_path):
    recipe = replace(TINY, size=np.int64(16), batch=np.int64(8), seed=np.int64(1), lr=np.float32(1e-3))
    training.train(*films(), tmp_path, recipe, images=16, **QUIET)
    assert final(tmp_path)[1]["recipe"]["seed"] == 1


@pytest.mark.parametrize("seed", [-1, 1.5, "0"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="seed"):
        replace(TINY, seed=seed)


@pytest.mark.parametrize("device", ["cuda:99", "nowhere"])
def test_a_device_that_is_not_there_is_refused(tmp_path, device):
    with pytest.raises(InputError, match=device):
        training.train(*films(), tmp_path, TINY, images=16, progress_bar=False, device=device)


def test_other_weights_are_no_training(tmp_path):
    (tmp_path / CHECKPOINT).write_bytes((weights.FOLDER / "film_encoder.safetensors").read_bytes())
    with pytest.raises(WeightsError, match="of no training"):
        training.train(*films(), tmp_path, TINY, images=16, **QUIET)


def test_odd_lines_of_a_log_are_no_obstacle(tmp_path):
    training.train(*films(), tmp_path, TINY, images=16, **QUIET)
    with open(tmp_path / training.LOG, "ab") as log:
        log.write(b'5\n[1]\n{"x": 1}\n\xff\xfe\n')
    training.train(*films(), tmp_path, TINY, images=32, **QUIET)
    assert [json.loads(line)["images"] for line in (tmp_path / training.LOG).read_text().splitlines()] == [16, 32]


def test_a_disk_that_fills_up_while_weights_are_written_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    def full(*_, **__):
        raise SafetensorError("I/O error: No space left on device")

    training.train(*films(), tmp_path, TINY, images=16, **QUIET)
    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(TrainingError, match=r"No space left.*Last good checkpoint"):
        training.train(*films(), tmp_path, TINY, images=32, **QUIET)
    with pytest.raises(OSError, match="No space left"):
        weights.save(tmp_path / "w.safetensors", {"a": torch.zeros(1)}, {})
    assert final(tmp_path)[1]["counters"]["images"] == 16
