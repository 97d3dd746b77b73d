"""Image sets are what their docstrings say, and no damaged file ever becomes data."""

import functools
import gzip
import hashlib
import http.server
import importlib.util
import os
import struct
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from effcv_lab import data
from effcv_lab.data import ImageSet, digits, fashion, fashion_files
from effcv_lab.data.splits import split_per_class
from effcv_lab.training import pick_device

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
NAMES = tuple(fashion_files.FASHION_FILES)
# When the authors compressed the files (seconds since 1970, stated inside the published files).
# With it the published file can be put together again from any faithful copy of its contents.
PUBLISHED_AT = dict(zip(NAMES, (1504176606, 1504176606, 1504176627, 1504176627), strict=True))


@pytest.fixture
def originals():
    if not DEBIAN.is_dir():
        reason = "the original files are not here: apt-get install dataset-fashion-mnist"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return DEBIAN


def read_by_hand(path):
    """Read an IDX file with struct alone, sharing no code with the kit."""
    with gzip.open(path) as file:
        zeros, kind, dimensions = struct.unpack(">HBB", file.read(4))
        assert (zeros, kind) == (0, 8)
        shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def published(folder, name):
    """Give the bytes of a file as the authors published it, from Debian's recompressed copy."""
    body = (folder / f"{name}.gz").read_bytes()[10:]
    stamp = struct.pack("<I", PUBLISHED_AT[name])
    return b"\x1f\x8b\x08\x08" + stamp + b"\x00\x03" + name.encode() + b"\x00" + body


def fingerprints(images):
    """Count equal images, whatever their order."""
    return Counter(hash(image.tobytes()) for image in np.ascontiguousarray(images))


def as_bytes(image_set):
    return (image_set.images[:, 0] * 255).round().to(torch.uint8).numpy()


def numbered(count=10, classes=3, device="cpu"):
    """Make a set in which the picture of number i shows i/count and has the label i % classes."""
    images = (torch.arange(count) / count).view(-1, 1, 1, 1).expand(count, 2, 3, 4).contiguous()
    labels = torch.arange(count) % classes
    titles = tuple("abcdefghij"[:classes])
    return ImageSet(images, labels, titles, "numbered", "made up", "MIT").to(device)


def numbers(image_set_or_images):
    images = getattr(image_set_or_images, "images", image_set_or_images)
    return (images[:, 0, 0, 0] * 10).round().long().tolist()


# The packaged Fashion-MNIST


def test_packaged_sets_have_the_promised_sizes_and_equal_classes():
    splits = fashion()
    for part, count in zip(splits, (8000, 2000, 2000), strict=True):
        assert part.images.shape == (count, 1, 28, 28)
        assert part.images.dtype == torch.float32
        assert part.labels.bincount().tolist() == [count // 10] * 10
        assert part.images.min() == 0 and part.images.max() == 1
        assert part.licence == "MIT, Zalando SE"
        assert part.name.startswith("Fashion-MNIST")


def test_packaged_images_are_the_originals_at_the_places_stated(originals):
    with np.load(data.PACKAGED) as stored:
        places = {part: stored[f"{part}_places"] for part in data.Splits._fields}
    for part, image_set in fashion()._asdict().items():
        prefix = "t10k" if part == "test" else "train"
        images = read_by_hand(originals / f"{prefix}-images-idx3-ubyte.gz")[places[part]]
        labels = read_by_hand(originals / f"{prefix}-labels-idx1-ubyte.gz")[places[part]]
        assert np.array_equal(as_bytes(image_set), images)
        assert np.array_equal(image_set.labels.numpy(), labels)


def test_no_packaged_image_is_in_two_sets():
    with np.load(data.PACKAGED) as stored:
        train, validation, test = (stored[f"{part}_places"] for part in data.Splits._fields)
    assert len(set(train) | set(validation)) == 10000
    assert len(set(test)) == 2000


def test_class_names_are_those_of_torchvision():
    from torchvision.datasets import FashionMNIST

    assert fashion().test.classes == tuple(FashionMNIST.classes)


def test_classes_come_in_mixed_order():
    labels = fashion().train.labels
    assert labels[:100].unique().numel() == 10
    # 799 of 7,999 neighbours share a label when the order is random: here within 4 sd.
    assert abs((labels[1:] == labels[:-1]).sum().item() - 799) < 4 * (7999 * 0.09) ** 0.5


def test_the_maker_gives_the_packaged_contents_and_the_same_bytes_twice(originals):
    path = Path(__file__).parents[1] / "tools" / "make_fashion_subset.py"
    spec = importlib.util.spec_from_file_location("make_fashion_subset", path)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    arrays = maker.chosen_arrays(originals)
    with np.load(data.PACKAGED) as stored:
        assert sorted(stored) == sorted(arrays)
        for name in arrays:
            assert stored[name].dtype == arrays[name].dtype
            assert np.array_equal(stored[name], arrays[name])
    few = {name: array[:5] for name, array in arrays.items()}
    assert maker.packed(few) == maker.packed(few)


def test_the_licence_lies_beside_the_images():
    text = data.PACKAGED.with_name("fashion_mnist_LICENSE.txt").read_text()
    assert "Copyright (c) 2017 Zalando SE" in text
    assert "The above copyright notice and this permission notice shall be included" in text


# Damaged files


@pytest.fixture
def packaged_copy(tmp_path, monkeypatch):
    copy = tmp_path / "fashion_mnist_12000.npz"
    copy.write_bytes(data.PACKAGED.read_bytes())
    monkeypatch.setattr(data, "PACKAGED", copy)
    return copy


def test_a_missing_package_file_is_named_with_the_cure(packaged_copy):
    packaged_copy.unlink()
    with pytest.raises(FileNotFoundError, match=r"fashion_mnist_12000.npz is missing. Install"):
        fashion()


def test_a_truncated_package_file_is_refused_with_both_sizes(packaged_copy):
    contents = packaged_copy.read_bytes()
    packaged_copy.write_bytes(contents[:-1])
    expected = f"expected {len(contents)} bytes of contents, found {len(contents) - 1}. Install"
    with pytest.raises(ValueError, match=expected):
        fashion()


@pytest.mark.parametrize("place", [0, 1_000_000, -1])
def test_one_altered_byte_in_the_package_file_is_noticed(packaged_copy, place):
    contents = bytearray(packaged_copy.read_bytes())
    contents[place] ^= 1
    packaged_copy.write_bytes(contents)
    with pytest.raises(ValueError, match=f"SHA-256.*expected {data.PACKAGED_SHA256}. Install"):
        fashion()


@pytest.fixture
def tiny_originals(tmp_path, monkeypatch):
    """Four small files in the original format, and the reader told that these are the originals."""
    expected = {}
    for name in NAMES:
        shape = (6, 2, 2) if "images" in name else (6,)
        header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
        contents = header + bytes(range(int(np.prod(shape))))
        (tmp_path / name).write_bytes(contents)
        expected[name] = (len(contents), hashlib.sha256(contents).hexdigest())
    monkeypatch.setattr(fashion_files, "FASHION_FILES", expected)
    return tmp_path


def compress(path):
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return path.with_name(f"{path.name}.gz")


def test_originals_are_read_compressed_or_not(tiny_originals):
    plain = fashion_files.read_fashion(tiny_originals)
    for name in NAMES:
        compress(tiny_originals / name)
    compressed = fashion_files.read_fashion(str(tiny_originals))
    for name in NAMES:
        count = 24 if "images" in name else 6
        assert plain[name].ravel().tolist() == list(range(count))
        assert np.array_equal(plain[name], compressed[name])
    assert plain[NAMES[0]].shape == (6, 2, 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_original_is_named_with_the_cure(tiny_originals, name):
    (tiny_originals / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no {name} and no {name}.gz .*apt install"):
        fashion_files.read_fashion(tiny_originals)


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_original_is_refused(tiny_originals, name):
    path = tiny_originals / name
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{name} is damaged: expected {size} .*found {size - 1}"):
        fashion_files.read_fashion(tiny_originals)


@pytest.mark.parametrize("keep", [0, 5, 20, -1])
def test_a_compressed_original_that_breaks_off_is_refused(tiny_originals, keep):
    path = compress(tiny_originals / NAMES[1])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=rf"{path.name} is damaged: .*apt install"):
        fashion_files.read_fashion(tiny_originals)


@pytest.mark.parametrize("name", NAMES)
def test_one_altered_byte_in_an_original_is_noticed(tiny_originals, name):
    path = tiny_originals / name
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    expected = fashion_files.FASHION_FILES[name][1]
    with pytest.raises(ValueError, match=f"{name} is damaged: .*SHA-256.*expected {expected}"):
        fashion_files.read_fashion(tiny_originals)


def test_altered_bytes_in_a_compressed_original_never_become_other_data(tiny_originals):
    right = fashion_files.read_fashion(tiny_originals)[NAMES[0]]
    path = compress(tiny_originals / NAMES[0])
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        try:
            found = fashion_files.read_fashion(tiny_originals)[NAMES[0]]
        except ValueError as error:
            assert f"{path.name} is damaged" in str(error)
            refused += 1
        else:  # a bit that says nothing, as those of the date in the header
            assert np.array_equal(found, right)
    assert refused >= len(whole) - 10


@pytest.mark.parametrize(
    "contents",
    [b"", b"\x00\x00\x08", b"\x00\x00\x09\x01\x00\x00\x00\x00", b"\x00\x00\x08\x02\x00\x00\x00\x01",
     b"\x00\x00\x08\x01\x00\x00\x00\x02\x07", b"\x00\x00\x08\x01\x00\x00\x00\x01\x07\x07"],
)  # fmt: skip
def test_what_is_no_idx_file_is_refused(contents):
    with pytest.raises(ValueError, match="IDX"):
        fashion_files.parse_idx(contents)


# The full Fashion-MNIST


def test_the_checksums_are_those_of_the_published_files(originals):
    from torchvision.datasets import FashionMNIST

    for filename, md5 in FashionMNIST.resources:
        file = published(originals, filename.removesuffix(".gz"))
        assert hashlib.md5(file).hexdigest() == md5
        size_bytes, sha256 = fashion_files.FASHION_FILES[filename.removesuffix(".gz")]
        contents = gzip.decompress(file)
        assert (len(contents), hashlib.sha256(contents).hexdigest()) == (size_bytes, sha256)


def test_the_full_sets_use_every_original_once_and_begin_with_the_packaged_ones(originals):
    full, packaged = fashion(full=True, folder=originals), fashion()
    for part, whole, start in zip(data.Splits._fields, full, packaged, strict=True):
        count = 50000 if part == "train" else 10000
        assert whole.labels.bincount().tolist() == [count // 10] * 10
        assert torch.equal(whole.images[: len(start)], start.images)
        assert torch.equal(whole.labels[: len(start)], start.labels)
    mixed = np.concatenate([as_bytes(full.train), as_bytes(full.validation)])
    originals_train = read_by_hand(originals / "train-images-idx3-ubyte.gz")
    assert fingerprints(mixed) == fingerprints(originals_train)
    originals_test = read_by_hand(originals / "t10k-images-idx3-ubyte.gz")
    assert fingerprints(as_bytes(full.test)) == fingerprints(originals_test)


def test_a_folder_without_full_is_a_mistake():
    with pytest.raises(ValueError, match="folder is for full=True only"):
        fashion(folder="somewhere")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a folder on this machine and make torchvision download from there."""
    from torchvision.datasets import FashionMNIST

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    root = tmp_path / "served"
    root.mkdir()
    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_port}/"
        monkeypatch.setattr(FashionMNIST, "mirrors", [address])
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("EFFCV_CACHE", str(tmp_path / "cache"))
        yield root
        running.shutdown()


def test_the_full_set_downloads_once_and_says_nothing_to_stderr(originals, server, capsys):
    for name in NAMES:
        (server / f"{name}.gz").write_bytes(published(originals, name))
    downloaded = fashion(full=True)
    for path in server.iterdir():
        path.unlink()
    again = fashion(full=True)
    assert torch.equal(downloaded.validation.images, again.validation.images)
    assert len(again.train) == 50000
    assert capsys.readouterr().err == ""
    assert [path.name for path in (server.parent / "cache").iterdir()] == ["fashion_mnist"]


def test_of_two_downloads_at_once_the_first_stays(tmp_path, monkeypatch):
    folder = tmp_path / "fashion_mnist"

    class Slow:
        def __init__(self, root, download):
            self.raw_folder = Path(root) / "raw"
            self.raw_folder.mkdir()
            (self.raw_folder / "file").write_text("second")
            folder.mkdir()  # meanwhile, in another notebook
            (folder / "file").write_text("first")

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", Slow)
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path))
    assert fashion_files.download_fashion() == folder
    assert (folder / "file").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_damaged_download_is_not_believed_later(originals, server):
    folder = server.parent / "cache" / "fashion_mnist"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / f"{name}.gz").symlink_to(originals / f"{name}.gz")
    (folder / NAMES[3]).write_bytes(b"half of it")
    with pytest.raises(ValueError, match=r"damaged.* Delete .*fashion_mnist, then ask again"):
        fashion(full=True)


def test_a_download_without_network_says_so_and_leaves_nothing_behind(server, monkeypatch):
    from torchvision.datasets import FashionMNIST

    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:1/"])
    with pytest.raises(ConnectionError, match=r"did not download: .*refused.*folder="):
        fashion(full=True)
    assert list((server.parent / "cache").iterdir()) == []


def test_a_wrong_download_is_refused_and_leaves_nothing_behind(server):
    (server / f"{NAMES[0]}.gz").write_bytes(b"an error page")
    with pytest.raises(ConnectionError, match=rf"did not download: .*{NAMES[0]}.*corrupted"):
        fashion(full=True)
    assert list((server.parent / "cache").iterdir()) == []


# Digits and splits


def test_digits_are_those_of_scikit_learn_each_in_one_set():
    from sklearn.datasets import load_digits

    raw, splits = load_digits(), digits()
    dealt = torch.cat([part.images for part in splits])[:, 0] * 16
    labels = torch.cat([part.labels for part in splits])
    ours = Counter(zip(map(bytes, dealt.byte().numpy()), labels.tolist(), strict=True))
    theirs = Counter(zip(map(bytes, raw.images.astype(np.uint8)), raw.target, strict=True))
    assert ours == theirs
    assert [part.labels.bincount().tolist() for part in splits[1:]] == [[36] * 10] * 2


def test_digits_are_split_as_ever():
    """Recorded once: another order would make old results incomparable."""
    labels = torch.cat([part.labels for part in digits()]).byte().numpy().tobytes()
    assert (
        hashlib.sha256(labels).hexdigest()
        == "c77a0cbd284c2d48a3ba79c23171bd825f66ee2513f59504cce5c7743d4fda94"
    )


def test_parts_are_disjoint_complete_and_equal_per_class():
    labels = np.array([0] * 7 + [1] * 9 + [5] * 8)
    first, second, rest = split_per_class(labels, [2, 4], seed=3)
    assert sorted(np.concatenate([first, second, rest])) == list(range(24))
    assert np.bincount(labels[first], minlength=6).tolist() == [2, 2, 0, 0, 0, 2]
    assert np.bincount(labels[second], minlength=6).tolist() == [4, 4, 0, 0, 0, 4]
    assert not np.array_equal(first, split_per_class(labels, [2, 4], seed=4)[0])


def test_a_class_too_small_to_split_is_an_error():
    with pytest.raises(ValueError, match=r"sizes .* class 1 has 1"):
        split_per_class(np.array([0, 0, 0, 1]), [2])


# ImageSet


GOOD = {
    "images": torch.zeros(2, 1, 4, 4),
    "labels": torch.tensor([0, 1]),
    "classes": ("cat", "dog"),
    "name": "pair",
    "source": "made up",
    "licence": "MIT",
}


@pytest.mark.parametrize(
    ("field", "value", "error", "message"),
    [
        ("images", torch.zeros(2, 4, 4), ValueError, r"images must have shape \(N, C, H, W\)"),
        ("images", torch.zeros(0, 1, 4, 4), ValueError, "none of them zero"),
        ("images", torch.zeros(2, 1, 4, 4, dtype=torch.float64), TypeError, "float32.*float64"),
        ("images", torch.zeros(2, 1, 4, 4, dtype=torch.uint8), TypeError, "float32.*uint8"),
        ("images", np.zeros((2, 1, 4, 4), np.float32), TypeError, "float32 Tensor.*ndarray"),
        ("images", torch.full((2, 1, 4, 4), 1.001), ValueError, r"images must be in \[0, 1\]"),
        ("images", torch.full((2, 1, 4, 4), -0.001), ValueError, r"images must be in \[0, 1\]"),
        ("images", torch.full((2, 1, 4, 4), float("nan")), ValueError, r"in \[0, 1\].*nan"),
        ("labels", torch.tensor([0]), ValueError, r"labels must have shape \(2,\).*\(1,\)"),
        ("labels", torch.tensor([[0], [1]]), ValueError, r"labels must have shape \(2,\)"),
        ("labels", torch.tensor([0, 2]), ValueError, r"labels must be in \[0, 1\].*to 2"),
        ("labels", torch.tensor([-1, 0]), ValueError, r"labels must be in \[0, 1\].*from -1"),
        ("labels", torch.tensor([0, 1], dtype=torch.int32), TypeError, "labels.*int64.*int32"),
        ("labels", [0, 1], TypeError, "labels must be an int64 Tensor, got list"),
        ("labels", torch.zeros(2, dtype=torch.int64, device="meta"), ValueError, "device.*meta"),
        ("classes", "cd", TypeError, "classes must be a tuple"),
        ("classes", ("cat", 1), TypeError, "classes must be a tuple of texts"),
        ("classes", (), ValueError, "at least one name"),
        ("classes", ("cat", "cat"), ValueError, "all different"),
        ("name", None, TypeError, "name must be a text"),
        ("source", 3, TypeError, "source must be a text"),
        ("licence", b"MIT", TypeError, "licence must be a text"),
    ],
)
def test_an_unsound_set_is_refused_with_the_reason(field, value, error, message):
    with pytest.raises(error, match=message):
        ImageSet(**GOOD | {field: value})


def test_a_set_cannot_be_reassigned():
    with pytest.raises(AttributeError):
        ImageSet(**GOOD).labels = torch.tensor([1, 1])


def test_subset_takes_what_is_asked_in_that_order_and_copies():
    whole = numbered()
    part = whole.subset([7, 2, 2])
    assert numbers(part) == [7, 2, 2]
    assert part.labels.tolist() == [1, 2, 2]
    assert part.classes == whole.classes and part.name == whole.name
    part.images.fill_(1)
    assert numbers(whole) == list(range(10))


@pytest.mark.parametrize(
    "indices",
    [torch.tensor([1, 3]), np.array([1, 3]), (1, 3), range(1, 5, 2), torch.tensor([1, 3]).byte(),
     (torch.arange(10) == 1) | (torch.arange(10) == 3)],
)  # fmt: skip
def test_subset_understands_each_usual_way_to_say_which(indices):
    assert numbers(numbered().subset(indices)) == [1, 3]


@pytest.mark.parametrize(
    ("indices", "error"),
    [([10], ValueError), ([-1], ValueError), ([0, 99], ValueError), ([], ValueError),
     ([[1]], ValueError), (3, ValueError), ([1.0], TypeError), (["a"], TypeError),
     ([True, False], ValueError), (torch.zeros(10, dtype=torch.bool), ValueError)],
)  # fmt: skip
def test_subset_rejects_bad_indices(indices, error):
    with pytest.raises(error, match="indices"):
        numbered().subset(indices)


def test_per_class_draws_the_same_number_of_each_class_without_repeats():
    part = digits().train.per_class(20, seed=1)
    assert part.labels.bincount().tolist() == [20] * 10
    assert len({image.numpy().tobytes() for image in part.images}) == 200
    assert part.labels[:10].unique().numel() > 1


def test_per_class_grows_without_swapping():
    small, large = (set(numbers(numbered(10, 2).per_class(count, seed=5))) for count in (2, 4))
    assert small < large


def test_per_class_depends_on_the_seed_only():
    draws = [numbers(numbered(10, 2).per_class(2, seed=seed)) for seed in (0, 0, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len({tuple(draw) for draw in draws}) > 1


def test_per_class_draws_every_image_equally_often():
    times = Counter(n for seed in range(600) for n in numbers(numbered(10, 2).per_class(2, seed)))
    assert set(times) == set(range(10))
    # each is drawn with probability 0.4: 240 of 600, sd 12
    assert all(abs(times[n] - 240) < 4 * 12 for n in range(10))


def test_per_class_says_which_class_has_too_few():
    with pytest.raises(ValueError, match=r"count must be at most .* got 4, but 'b' has 3"):
        numbered(10, 3).per_class(4)
    with pytest.raises(ValueError, match="count"):
        numbered().per_class(0)


def test_batches_keep_the_order_without_a_seed_and_the_short_end():
    batches = numbered().batches(4)
    assert len(batches) == 3
    assert [numbers(images) for images, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [labels.tolist() for _, labels in batches] == [[0, 1, 2, 0], [1, 2, 0, 1], [2, 0]]


@pytest.mark.parametrize(("size", "count"), [(1, 10), (5, 2), (9, 2), (10, 1), (11, 1)])
def test_shuffled_batches_show_every_image_once_with_its_label(size, count):
    batches = numbered().batches(size, seed=1)
    seen = [(n, label) for images, labels in batches
            for n, label in zip(numbers(images), labels.tolist(), strict=True)]  # fmt: skip
    assert len(batches) == len(list(batches)) == count
    assert sorted(seen) == [(n, n % 3) for n in range(10)]


def test_the_order_of_batches_is_that_of_torch_randperm_with_the_seed_on_every_device():
    on_device = numbered(device=pick_device())
    for seed in (0, 7, 2**40):
        expected = torch.randperm(10, generator=torch.Generator().manual_seed(seed)).tolist()
        batches = on_device.batches(4, seed=seed)
        for _ in range(2):  # iterating again gives the same
            assert [n for images, _ in batches for n in numbers(images.cpu())] == expected


def test_batches_do_not_touch_the_global_random_stream():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(numbered().batches(3, seed=5))
    numbered().per_class(1, seed=3)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((0,), ValueError), ((2.0,), TypeError), ((True,), TypeError),
     ((2, -1), ValueError), ((2, 0.5), TypeError)],
)  # fmt: skip
def test_batches_reject_bad_numbers(arguments, error):
    with pytest.raises(error, match=r"batch_size|seed"):
        numbered().batches(*arguments)


def test_to_moves_both_tensors_and_nothing_else():
    device = pick_device()
    moved = numbered().to(device)
    assert moved.images.device.type == moved.labels.device.type == device.type
    assert moved.classes == ("a", "b", "c")
    assert numbers(moved.subset([4]).images.cpu()) == [4]
