"""The pieces: inputs, network, cleaning, quality scores, augmentation, loss, training."""

import numpy as np
import pytest
import torch

from medigenx_lib import phantom, weights
from medigenx_lib.errors import InputError, WeightsError
from medigenx_lib.segmentation import SIZE, LungUNet, augmentation, dice, load_network, quality, training
from medigenx_lib.segmentation.inputs import Box, content_box, edge_continued, to_film, to_network
from medigenx_lib.segmentation.masks import _fill_medially, _midline, clean, keep_largest, masks_of
from medigenx_lib.segmentation.network import CHANNELS, contrast_channels


def disc(shape, row, column, radius):
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - row) ** 2 + (x - column) ** 2 <= radius**2


def test_dice_known_values():
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert dice(a, b) == 1.0
    a[:2] = True
    assert dice(a, b) == 0.0
    b[1:3] = True
    assert dice(a, b) == pytest.approx(0.5)


# ---- inputs


def test_flat_borders_are_cut_and_only_those():
    film = np.random.default_rng(0).random((200, 160), dtype=np.float32)
    film[:30], film[:, 150:] = 0, 1
    box = content_box(film)
    assert abs(box.top - 30) <= 2 and abs(box.right - 150) <= 2 and (box.bottom, box.left) == (200, 0)


def test_a_bar_may_hold_a_marker_but_an_overexposed_abdomen_is_none():
    film = np.random.default_rng(0).random((128, 128), dtype=np.float32)
    film[:, :20], film[100:, 20:112] = 0, 1  # a bar on the left; white in most of the rows below
    film[8:14, 4:10] = 1
    box = content_box(film)
    assert (box.top, box.bottom, box.left, box.right) == (0, 128, 21, 128)


def test_what_is_cut_does_not_depend_on_exposure():
    film = np.pad(np.random.default_rng(0).random((64, 64), dtype=np.float32), 8)
    assert content_box(film) == content_box(0.3 + 0.2 * film) == Box(9, 71, 9, 71)


@pytest.mark.parametrize(
    "film", [np.zeros((50, 50), np.float32), np.eye(64, dtype=np.float32), np.ones((1, 1), np.float32)]
)
def test_a_film_that_would_vanish_is_kept_whole(film):
    assert content_box(film).shape == film.shape


def test_the_edge_of_the_content_is_continued_over_bars_and_nothing_else_changes():
    film = 0.2 + 0.6 * np.random.default_rng(0).random((128, 96), dtype=np.float32)
    assert edge_continued(film) is not film and (edge_continued(film) == film).all()
    barred = np.pad(film, ((0, 0), (16, 16)))
    seen = edge_continued(barred)
    assert seen.shape == barred.shape and seen[:, :16].min() >= 0.2
    assert (seen[:, :16] == seen[:, 17:18]).all() and (seen[:, 17:-17] == barred[:, 17:-17]).all()


@pytest.mark.parametrize("film", [np.zeros((50, 50), np.float32), np.eye(4, dtype=np.float32)])
def test_a_film_with_nothing_but_borders_is_not_continued(film):
    assert (edge_continued(film) == film).all()


def test_maps_return_to_where_they_came_from():
    film, box = np.zeros((120, 90), np.float32), Box(20, 100, 10, 80)
    film[40:60, 30:50] = 1
    back = to_film(to_network(film, box), box, film.shape)[0]
    assert back[48:52, 38:42].min() > 0.95 and back[:20].max() == 0
    assert np.abs(back - film).mean() < 0.02


# ---- network


def test_contrast_channels_do_not_depend_on_exposure():
    image = torch.rand(2, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    once, dimmed = contrast_channels(image), contrast_channels(0.2 + 0.5 * image)
    assert torch.allclose(once, dimmed, atol=0.03)
    assert contrast_channels(torch.zeros(1, 1, 96, 96)).abs().max() == 0


def test_network_shapes_and_size():
    network = LungUNet().eval()
    masks, frontal = network(torch.rand(2, 1, SIZE, SIZE))
    assert masks.shape == (2, len(CHANNELS), SIZE, SIZE) and frontal.shape == (2,)
    assert sum(p.numel() for p in network.parameters()) < 500_000


def test_weights_of_another_network_are_refused(tmp_path):
    path = weights.save(tmp_path / "other.safetensors", {"a": torch.zeros(2)}, {"width": 16, "depth": 3})
    with pytest.raises(WeightsError, match="another network"):
        load_network(str(path))


# ---- masks


def test_largest_part_with_holes_filled():
    mask = disc((60, 60), 30, 20, 12)
    whole = mask.copy()
    mask &= ~disc((60, 60), 30, 20, 4)
    mask |= disc((60, 60), 10, 50, 4)
    assert (keep_largest(mask) == whole).all()
    assert not keep_largest(np.zeros((5, 5), bool)).any()


def synthetic_maps():
    maps = torch.zeros(6, SIZE, SIZE)
    shape = (SIZE, SIZE)
    for channel, (row, column, radius) in enumerate(((45, 25, 18), (45, 70, 18), (60, 52, 12), (45, 25, 5))):
        maps[channel][torch.from_numpy(disc(shape, row, column, radius))] = 0.9
    maps[3][torch.from_numpy(disc(shape, 90, 90, 4))] = 0.9  # an opacity outside the lungs
    maps[5][torch.from_numpy(disc(shape, 60, 52, 12))] = 0.9
    return maps


def test_cleaned_masks_are_anatomical():
    maps = synthetic_maps()
    maps[0][torch.from_numpy(disc((SIZE, SIZE), 10, 90, 3))] = 0.95  # a stray piece of right lung
    masks = masks_of(maps, Box(0, 192, 0, 96), (192, 96))
    assert not masks["right_lung"][:, 80:].any()
    assert masks["opacity"].any() and not masks["opacity"][150:].any()
    assert (clean(maps) <= 1).all()


def test_hidden_lung_goes_to_its_side():
    plain, whole = (masks_of(synthetic_maps(), Box(0, 96, 0, 96), (96, 96), behind) for behind in (False, True))
    assert not whole["right_lung"][:, 50:].any() and not whole["left_lung"][:, :46].any()
    assert whole["left_lung"].sum() > plain["left_lung"].sum() + 30


def test_medial_border_is_straightened_but_the_dome_stays():
    lung = np.zeros((40, 40), bool)
    lung[5:35, 5:25] = True
    notched = lung.copy()
    notched[15:20, 18:] = False  # the aortic knob
    notched[30:, 12:] = False  # the dome: nothing medial below
    filled = _fill_medially(notched, np.zeros(40))
    assert filled[15:20, 18:25].all() and not filled[30:, 12:].any()
    assert not (notched & ~filled).any() and not filled[:, 25:].any()


def test_hidden_lung_reaches_the_spine_and_no_further():
    lung = np.zeros((40, 40), bool)
    lung[5:35, 5:20] = True
    filled = _fill_medially(lung, np.full(40, 23.0))
    assert filled[15:35, 20:24].all() and not filled[:, 24:].any()
    assert not filled[:5].any() and filled[6, 20:].sum() < 4  # the apex keeps its slope


def test_hidden_lung_is_filled_down_to_the_dome_where_the_heart_hides_the_base():
    lung = np.zeros((40, 40), bool)
    lung[5:32, 5:20] = True
    lung[20:, 15:] = False  # the heart: the medial border lies lateral in the lower half
    lung[32:35, 5:8] = True  # the sulcus, lower than the dome
    filled = _fill_medially(lung, np.full(40, 23.0))
    assert filled[15:32, :24][:, 5:].all() and not filled[32:, 8:].any()


def test_midline_follows_a_tilted_film():
    rows = np.arange(60)[:, None]
    columns = np.arange(80)[None] - rows * 0.2
    right, left = (columns > 5) & (columns < 25), (columns > 40) & (columns < 60)
    middle, spine = _midline(right, left)
    assert np.abs(middle - (32.5 + 0.2 * rows[:, 0])).max() < 1
    assert 2 < spine < 6
    assert _midline(right, np.zeros_like(left))[1] == 0


# ---- quality


def test_solidity_of_known_shapes():
    square = np.zeros((20, 20), bool)
    square[4:14, 4:14] = True
    assert quality.solidity(square) == pytest.approx(1.0)
    square[4:9, 4:9] = False
    assert quality.solidity(square) == pytest.approx(75 / 87.5)
    assert quality.solidity(np.zeros((4, 4), bool)) == 0.0


def test_darkness_changes_sign_with_polarity():
    right, left = disc((60, 60), 30, 15, 10), disc((60, 60), 30, 45, 10)
    film = np.where(right | left, 0.2, 0.8)
    assert quality.darkness(film, right, left) > 1 and quality.darkness(1 - film, right, left) < -1
    assert quality.darkness(film, right, np.zeros_like(left)) == -9.0


def test_heart_side():
    right, left = disc((60, 60), 30, 15, 10), disc((60, 60), 30, 45, 10)
    heart = disc((60, 60), 40, 36, 8)
    assert quality.heart_side(heart, right, left) > 0.2
    assert quality.heart_side(heart[:, ::-1], left[:, ::-1], right[:, ::-1]) < -0.2
    assert quality.heart_side(np.zeros_like(heart), right, left) == 0.0


def test_a_mask_has_no_shades_and_a_film_has_many():
    film = phantom.cases([9_900_001], size=300)[0].image
    assert quality.shades(film) > 0.3 and quality.shades(0.4 + 0.1 * film) > 0.3
    assert quality.shades((film > 0.5).astype(np.float32)) == 0.0
    assert quality.shades(np.full((40, 30), 0.5, np.float32)) == 0.0


def test_every_limit_names_a_score(phantom_look):
    assert {limit.score for limit in quality.LIMITS} <= set(quality.scores(phantom_look))


def test_a_broken_limit_gives_its_reason(phantom_look, monkeypatch):
    impossible = quality.Limit("contrast", 2.0, 3.0, True, "made up")
    monkeypatch.setattr(quality, "LIMITS", (impossible,))
    verdict = quality.judge(phantom_look)
    assert verdict["reasons"] == ["made up"] and not verdict["trusted"] and not verdict["frontal_chest"]
    monkeypatch.setattr(quality, "LIMITS", (impossible._replace(refuse=False),))
    verdict = quality.judge(phantom_look)
    assert not verdict["trusted"] and verdict["frontal_chest"]


@pytest.fixture(scope="module")
def phantom_look():
    from medigenx_lib.segmentation.looks import two_looks

    torch.manual_seed(0)
    film = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    return two_looks([film], LungUNet(4).eval())[0]


# ---- augmentation and training


@pytest.fixture(scope="module")
def pool():
    return training.render_pool(12, progress=False)


def test_pool_holds_the_phantoms_masks(pool):
    from medigenx_lib import phantom

    first = phantom.render([training.FIRST_SEED], size=SIZE, preset="wide", facts=False)
    bits = [(pool.masks[0, 0] >> channel) & 1 for channel in range(len(CHANNELS))]
    expected = torch.cat([first.masks[0], first.behind_heart])
    assert (torch.stack(bits).bool() == expected).all()
    assert torch.allclose(pool.images[0].float() / 255, first.images[0], atol=0.003)


def test_geometry_moves_image_and_masks_together():
    torch.manual_seed(0)
    masks = torch.zeros(8, 6, SIZE, SIZE)
    masks[:, :, 30:60, 30:60] = 1
    images, moved = augmentation.geometry(masks[:, :1].clone(), masks)
    assert ((images > 0.5).float() - moved[:, :1]).abs()[:, :, 4:-4, 4:-4].mean() < 0.12
    assert (moved[:, 0] == moved[:, 5]).all() and set(moved.unique().tolist()) == {0.0, 1.0}


def test_breathing_moves_rows_alone_and_never_folds_the_film():
    torch.manual_seed(0)
    axis = torch.linspace(-1, 1, SIZE)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).repeat(64, 1, 1, 1)
    moved = augmentation.breathe(grid)
    assert (moved[..., 0] == grid[..., 0]).all()
    assert (moved[..., 1].diff(dim=1) > 0).all()
    assert 0.3 < ((moved - grid).abs().amax((1, 2, 3)) > 0.01).float().mean() < 0.7


def test_mirrored_lungs_keep_their_side_of_the_picture():
    images, masks = torch.rand(3, 1, 8, 8), torch.zeros(3, 6, 8, 8)
    masks[:, 0, :, :3], masks[:, 1, :, 5:], masks[:, 2, :, 4:6] = 1, 1, 1
    flipped, moved = augmentation.mirror(images, masks, probability=1.0)
    assert (flipped == images.flip(-1)).all()
    assert (moved[:, 0, :, :3] == 1).all() and (moved[:, 1, :, 5:] == 1).all() and (moved[:, 2, :, 2:4] == 1).all()
    assert (augmentation.mirror(images, masks, probability=0.0)[1] == masks).all()


def test_tone_never_inverts():
    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, SIZE).view(1, 1, 1, -1).repeat(64, 1, 4, 1)
    assert (augmentation.tone(ramp).diff(dim=-1) >= -1e-6).all()


def test_what_a_bar_hides_leaves_the_masks():
    torch.manual_seed(0)
    images, masks = augmentation.bars(torch.full((64, 1, SIZE, SIZE), 0.5), torch.ones(64, 6, SIZE, SIZE))
    assert ((images != 0.5) == (masks[:, :1] == 0)).all() and 0 < (masks == 0).float().mean() < 0.3


def test_appearance_and_spoil_keep_shape_and_range(pool):
    torch.manual_seed(0)
    images, _ = pool.batch(12)
    for changed in (augmentation.appearance(images), *(augmentation.spoil(images) for _ in range(4))):
        assert changed.shape == images.shape and changed.isfinite().all()
        assert changed.min() >= 0 and changed.max() <= 1


def test_loss_prefers_the_truth_and_ignores_masks_of_spoiled_films():
    masks = torch.zeros(2, 6, 16, 16)
    masks[:, :, 4:12, 4:12] = 1
    right, frontal = (masks * 2 - 1) * 8, torch.tensor([8.0, -8.0])
    is_frontal = torch.tensor([1.0, 0.0])
    good = training.loss(right, frontal, masks, is_frontal)
    assert good < 0.05 < training.loss(-right, frontal, masks, is_frontal)
    assert training.loss(right * torch.tensor([1.0, -1.0]).view(2, 1, 1, 1), frontal, masks, is_frontal) == good
    assert training.loss(right, -frontal, masks, is_frontal) > good + 0.5


@pytest.mark.parametrize("bad", [{"minutes": 0}, {"minutes": float("nan")}, {"minutes": 1, "phantoms": 0}])
def test_impossible_budgets(bad, tmp_path):
    with pytest.raises(InputError):
        training.train(out=tmp_path / "a.safetensors", progress=False, **bad)


def test_a_few_steps_on_one_batch_lower_the_loss(pool):
    torch.manual_seed(0)
    network, (images, masks) = LungUNet(4), pool.batch(4)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
    losses = [training._step(network, optimizer, images, masks, torch.ones(4)) for _ in range(12)]
    assert losses[-1] < 0.92 * losses[0]


def test_training_goes_on_from_weights(tmp_path):
    first = weights.save(tmp_path / "a.safetensors", LungUNet(4).state_dict(), LungUNet(4).config)
    before = weights.load(first)[0]
    again = training.train(0.002, tmp_path / "b.safetensors", phantoms=4, start=first, progress=False)
    after = weights.load(again)[0]
    assert before.keys() == after.keys()
    moved = (after["masks.weight"] - before["masks.weight"]).abs().max()
    assert 0 < moved < 0.05


def test_a_short_training_leaves_only_its_weights(tmp_path):
    path = training.train(0.01, tmp_path / "tiny.safetensors", phantoms=16, width=4, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    network = load_network(str(path))
    assert network.config["width"] == 4 and not network.training
