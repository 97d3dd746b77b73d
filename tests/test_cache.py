"""A cache may be empty, damaged, shared or forbidden: the model is the same each time."""

import dataclasses
import hashlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from effcv_lab import cache
from effcv_lab.cache import fit_cached
from effcv_lab.data import ImageSet
from effcv_lab.models import mlp, small_cnn
from effcv_lab.training import TrainConfig, cross_entropy, fit, pick_device, seed_everything

DEVICE = pick_device()  # EFFCV_DEVICE=cuda runs all of this on a GPU
CONFIG = TrainConfig(epochs=2, batch_size=24, seed=3)


def image_set(count=60, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 1, 6, 6, generator=generator)
    labels = (images.mean(dim=(1, 2, 3)) > 0.5).long()
    return ImageSet(images, labels, ("dark", "bright"), "random", "a test", "MIT")


DATA, HELD_OUT = image_set(), image_set(20, seed=1)


def build():
    return small_cnn(widths=(3, 4), classes=2)


def call(build=build, train=DATA, validation=HELD_OUT, config=CONFIG, **options):
    return fit_cached(build, train, validation, config, **{"progress": False, **options})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("EFFCV_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def repeatable_gpu(monkeypatch):
    """Some of cuDNN's convolutions add up in an order that changes from run to run."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)


@pytest.fixture
def runs(monkeypatch):
    """Count how often training really happened."""
    configs = []

    def counted(*args, **kwargs):
        configs.append(args[3])
        return fit(*args, **kwargs)

    monkeypatch.setattr(cache, "fit", counted)
    return configs


def assert_same_model(one, other):
    assert str(one) == str(other)
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)


def the_entry(folder):
    (path,) = folder.iterdir()
    return path


# --- what is found -----------------------------------------------------------------------------


def test_the_first_call_is_seed_build_and_fit():
    model, history = call()
    seed_everything(CONFIG.seed)
    by_hand = build()
    expected = fit(by_hand, DATA, HELD_OUT, CONFIG, progress=False)
    assert_same_model(model, by_hand)
    assert [e.train_loss for e in history.epochs] == [e.train_loss for e in expected.epochs]


def test_the_second_call_finds_the_same_model_bit_by_bit(runs):
    trained, first = call()
    found, second = call()
    assert len(runs) == 1
    assert found is not trained
    assert_same_model(found, trained)
    assert first == second
    images = HELD_OUT.images.to(DEVICE)
    assert torch.equal(found(images), trained(images))


def test_the_model_comes_on_its_device_in_eval_mode_both_times():
    for _ in range(2):
        model, _history = call()
        assert not any(module.training for module in model.modules())
        assert {value.device.type for value in model.state_dict().values()} == {DEVICE.type}


def test_the_random_state_afterwards_is_the_same_both_times():
    draws = []
    for _ in range(2):
        call()
        draws.append(torch.rand(3).tolist())
    seed_everything(CONFIG.seed)
    assert draws == [torch.rand(3).tolist()] * 2


def test_a_found_model_can_be_trained_on():
    call()
    model, _history = call()
    fit(model, DATA, HELD_OUT, CONFIG, progress=False)
    assert not torch.equal(model.head.weight, call()[0].head.weight)


def test_a_found_model_is_announced_with_the_seconds_that_it_took(capsys):
    call(progress=True)
    assert capsys.readouterr() == ("", "")
    call(progress=True)
    out, err = capsys.readouterr()
    assert "found in the cache" in out and err == ""
    call(progress=False)
    assert capsys.readouterr() == ("", "")


# --- what is told apart ------------------------------------------------------------------------


def build_other_shape():
    return small_cnn(widths=(3, 5), classes=2)


def build_other_activation():
    """Same weights as ``build``, other arithmetic."""
    model = build()
    model.block1[-1] = nn.LeakyReLU()
    return model


def build_other_weights():
    model = build()
    with torch.no_grad():
        model.head.bias[0] += 1e-3
    return model


def build_frozen():
    """Same weights and arithmetic as ``build``, but fewer of them are trained."""
    model = build()
    model.block1.requires_grad_(False)
    return model


def other_pixel():
    images = DATA.images.clone()
    images[17, 0, 2, 2] = 1 - images[17, 0, 2, 2]
    return dataclasses.replace(DATA, images=images)


def other_label():
    labels = DATA.labels.clone()
    labels[17] = 1 - labels[17]
    return dataclasses.replace(DATA, labels=labels)


def other_loss(model, images, labels):
    return 2 * cross_entropy(model, images, labels)


@pytest.mark.parametrize(
    "change",
    [
        {"build": build_other_shape},
        {"build": build_other_activation},
        {"build": build_other_weights},
        {"build": build_frozen},
        {"train": other_pixel()},
        {"train": other_label()},
        {"validation": image_set(20, seed=2)},
        {"batch_loss": other_loss, "loss_name": "twice the cross-entropy"},
        *(
            {"config": dataclasses.replace(CONFIG, **{field: value})}
            for field, value in [
                ("epochs", 3),
                ("batch_size", 25),
                ("learning_rate", 0.2),
                ("momentum", 0.8),
                ("weight_decay", 1e-3),
                ("seed", 4),
            ]
        ),
    ],
)
def test_another_model_data_loss_or_configuration_is_trained(change, runs):
    call()
    call(**change)
    assert len(runs) == 2
    call(**change)
    assert len(runs) == 2


@pytest.mark.parametrize("package", ["effcv_lab", "torch"])
def test_another_version_is_trained(monkeypatch, runs, package):
    call()
    if package == "torch":
        monkeypatch.setattr(torch, "__version__", "0.0.1")
    else:
        monkeypatch.setattr(cache, "__version__", "0.0.1")
    call()
    assert len(runs) == 2


def test_another_kind_of_device_has_another_key():
    model = build()
    keys = {
        cache._key(model, DATA, HELD_OUT, CONFIG, "cross_entropy", torch.device(name))
        for name in ("cpu", "cuda", "mps")
    }
    assert len(keys) == 3


def test_equal_data_are_found_wherever_they_lie(runs):
    call()
    call(train=dataclasses.replace(DATA, images=DATA.images.clone(), name="renamed"))
    call(train=DATA.to(DEVICE))
    assert len(runs) == 1


def test_a_loss_of_ones_own_needs_a_name():
    with pytest.raises(ValueError, match="loss_name must name a batch_loss"):
        call(batch_loss=other_loss)


def test_a_curriculum_is_refused():
    with pytest.raises(TypeError, match=r"train must be an ImageSet: .*use fit"):
        call(train=lambda epoch: DATA)


# --- damage ------------------------------------------------------------------------------------


def truncated(content):
    return content[: len(content) // 2]


def empty(content):
    return b""


def one_bit_flipped(content):
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def text_instead(content):
    return b"<html>404</html>" * 100


def signed(payload):
    return hashlib.sha256(payload).digest() + payload


def a_whole_file_that_is_no_model(content):
    return signed(b"not a model")


def saved(entry):
    buffer = io.BytesIO()
    torch.save(entry, buffer)
    return signed(buffer.getvalue())


def entry_in(content):
    return torch.load(io.BytesIO(content[32:]), weights_only=True)


def another_object(content):
    return saved([1, 2, 3])


def entry_of_another_run(content):
    return saved(entry_in(content) | {"key": "0" * 64})


def weights_of_another_shape(content):
    return saved(entry_in(content) | {"state": mlp().state_dict()})


def some_weights_missing_and_the_others_wrong(content):
    """Nothing of it may be copied into the model that is then trained."""
    entry = entry_in(content)
    wrong = {name: tensor + 1 for name, tensor in entry["state"].items() if name != "head.bias"}
    return saved(entry | {"state": wrong})


def history_cut(content):
    entry = entry_in(content)
    return saved(entry | {"history": entry["history"][:40]})


DAMAGES = [
    truncated,
    empty,
    one_bit_flipped,
    text_instead,
    a_whole_file_that_is_no_model,
    another_object,
    entry_of_another_run,
    weights_of_another_shape,
    some_weights_missing_and_the_others_wrong,
    history_cut,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_reported_retrained_and_replaced(damage, folder, runs, capsys):
    trained, _history = call()
    path = the_entry(folder)
    path.write_bytes(damage(path.read_bytes()))
    again, _history = call()
    out, err = capsys.readouterr()
    assert len(runs) == 2
    assert_same_model(again, trained)
    assert out.count("\n") == 1 and "is damaged" in out and "training anew" in out
    assert err == ""
    assert_same_model(call()[0], trained)
    assert len(runs) == 2


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_an_entry_that_would_run_code_does_not(folder, tmp_path, runs):
    call()
    the_entry(folder).write_bytes(saved(Malicious(tmp_path / "ran")))
    call()
    assert len(runs) == 2
    assert not (tmp_path / "ran").exists()


def test_half_written_files_never_stay_and_are_never_read(folder, monkeypatch, capsys):
    def full_disk(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full_disk)
    model, _history = call()
    out, err = capsys.readouterr()
    assert "could not be kept" in out and "No space left" in out and err == ""
    assert list(folder.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("EFFCV_CACHE", str(folder))
    assert_same_model(call()[0], model)


def test_an_interrupted_write_leaves_no_file(folder, monkeypatch):
    def interrupt(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        call()
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_only_the_keeping(tmp_path, monkeypatch, capsys, runs):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path / "file" / "cache"))
    first, _history = call()
    second, _history = call()
    out, err = capsys.readouterr()
    assert len(runs) == 2
    assert_same_model(first, second)
    assert out.count("could not be kept") == 2 and "EFFCV_CACHE" in out
    assert err == ""


def test_a_user_without_a_home_can_train(monkeypatch, capsys):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache, "cache_folder", no_home)
    call()
    assert "could not be kept" in capsys.readouterr().out


def test_a_failed_training_keeps_nothing(folder):
    def broken(model, images, labels):
        raise ArithmeticError("broken loss")

    with pytest.raises(ArithmeticError):
        call(batch_loss=broken, loss_name="broken")
    assert not folder.exists() or list(folder.iterdir()) == []


# --- several processes -------------------------------------------------------------------------

PREPARE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_cache import cache, call, fingerprint, torch
torch.backends.cudnn.deterministic = True
"""


def fingerprint(model):
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def another_process(code):
    """Start Python with the same cache folder; it waits for a line after it said "ready"."""
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_that_start_together_end_with_the_same_model(folder):
    code = """
print("ready", flush=True)
sys.stdin.readline()
print(fingerprint(call()[0]))
"""
    workers = [another_process(code) for _ in range(2)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    here = fingerprint(call()[0])
    answers = [worker.communicate(timeout=120) for worker in workers]
    assert answers == [(here + "\n", "")] * 2
    assert the_entry(folder).suffix == ".model"


@pytest.mark.slow
def test_readers_never_see_half_a_file_while_others_write(folder, capsys):
    """Another process rewrites the entry all the time, this one reads: never a report of damage."""
    _model, history = call()
    path = the_entry(folder)
    writer = another_process(f"""
model, history = call()
print("ready", flush=True)
while True:
    cache._store(Path({str(path)!r}), {path.stem!r}, model, history)
""")
    try:
        assert writer.stdout.readline() == "ready\n"
        for _ in range(200):
            assert cache._restore(path, path.stem, build()) == history
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()
    assert capsys.readouterr() == ("", "")
