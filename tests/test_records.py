"""A record is a result that can be doubted: complete, finite, written whole or not at all."""

import json
import math
import os
import platform
import socket
import statistics
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import effcv_lab
from effcv_lab import records
from effcv_lab.records import (
    Record,
    describe_machine,
    load_record,
    mean_and_spread,
    mean_interval,
    results_folder,
    save_record,
    tag,
)


def make(**changes):
    content = {
        "name": "temperature",
        "command": "effcv reproduce temperature",
        "config": {"epochs": 3, "widths": [16, 32], "nested": {"rate": 0.1}},
        "seeds": [0, 1, 2],
        "rows": [{"seed": 0, "accuracy": 1 / 3}, {"seed": 1, "accuracy": None}],
        "device": "cpu",
        "hardware": {"cpu": "Intel Xeon", "cores": 2, "gpu": None},
        "versions": {"torch": "2.15.0+cpu"},
        "budget": "class",
    }
    return Record(**content | changes)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    record = make()
    assert save_record(record, tmp_path) == tmp_path / "temperature.json"
    assert load_record("temperature", tmp_path) == record


@given(
    rows=st.lists(
        st.dictionaries(
            st.text(min_size=1),
            st.none() | st.booleans() | st.integers() | st.text()
            | st.floats(allow_nan=False, allow_infinity=False),
            min_size=1,
        ),
        min_size=1,
    )
)  # fmt: skip
def test_any_finite_row_survives_saving(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    save_record(make(rows=rows), folder)
    assert load_record("temperature", folder).rows == rows


def test_file_is_json_with_a_line_for_each_row(tmp_path):
    text = save_record(make(), tmp_path).read_text()
    assert json.loads(text)["rows"] == make().rows
    assert '    {"seed": 1, "accuracy": null}\n' in text and text.endswith("}\n")


def test_tuples_ranges_and_numpy_numbers_become_plain(tmp_path):
    record = make(
        seeds=range(2), config={"shape": (1, 28)}, rows=[{"a": np.float32(0.5), "n": np.int64(3)}]
    )
    assert record.seeds == [0, 1] and record.config == {"shape": [1, 28]}
    assert record.rows == [{"a": 0.5, "n": 3}] and type(record.rows[0]["n"]) is int
    save_record(record, tmp_path)
    assert load_record("temperature", tmp_path) == record


def test_a_record_does_not_change_with_the_list_it_was_made_of():
    rows = [{"a": 1.0}]
    record = make(rows=rows)
    rows[0]["a"] = 2.0
    assert record.rows == [{"a": 1.0}]
    with pytest.raises(FrozenInstanceError):
        record.name = "other"


@pytest.mark.parametrize("number", [math.nan, math.inf, np.float32("nan")])
@pytest.mark.parametrize("place", ["rows", "config", "hardware"])
def test_numbers_that_are_not_finite_are_refused_with_their_place(place, number):
    value = [{"a": 1.0}, {"loss": number}] if place == "rows" else {"deep": [1, {"loss": number}]}
    with pytest.raises(ValueError, match=rf"{place}\[.*'loss'\] must be finite"):
        make(**{place: value})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seeds": []}, TypeError, "seeds"),
        ({"seeds": [0, 0]}, ValueError, "different"),
        ({"seeds": [0.5]}, TypeError, "seeds"),
        ({"seeds": [True]}, TypeError, "seeds"),
        ({"rows": []}, TypeError, "rows"),
        ({"rows": [{}]}, TypeError, r"rows\[0\]"),
        ({"rows": [[1.0]]}, TypeError, r"rows\[0\]"),
        ({"rows": [{"a": torch.ones(1)}]}, TypeError, r"rows\[0\]\['a'\].*Tensor"),
        ({"rows": [{1: 2}]}, TypeError, "words as keys"),
        ({"config": {}}, TypeError, "config"),
        ({"command": ""}, TypeError, "command"),
        ({"versions": "2.15"}, TypeError, "versions"),
        ({"budget": "huge"}, ValueError, "budget must be 'class' or 'paper'"),
        ({"name": "../evil"}, ValueError, "name"),
        ({"name": "Big"}, ValueError, "name"),
        ({"name": ""}, ValueError, "name"),
    ],
)
def test_an_incomplete_record_cannot_be_made(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


def test_a_missing_record_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="effcv reproduce temperature"):
        load_record("temperature", tmp_path)
    with pytest.raises(ValueError, match="name"):
        load_record("../temperature", tmp_path)


def damaged(text):
    yield "cut off", text[: len(text) // 2]
    yield "empty", ""
    yield "not a dict", "[1, 2]"
    yield "NaN", text.replace("0.3333333333333333", "NaN")
    yield "an entry missing", text.replace('"seeds"', '"sedes"')
    yield "one too many", text.replace("{", '{"extra": 1,', 1)
    yield "no seeds", text.replace("[0, 1, 2]", "[]")
    yield "of another name", text.replace('"name": "temperature"', '"name": "pruning"')


@pytest.mark.parametrize("kind", range(8))
def test_a_damaged_record_is_refused_and_names_the_command(tmp_path, kind):
    path = save_record(make(), tmp_path)
    whole = path.read_text()
    name, text = list(damaged(whole))[kind]
    assert text != whole, name
    path.write_text(text)
    with pytest.raises(ValueError, match=r"damaged .* effcv reproduce temperature"):
        load_record("temperature", tmp_path)


def test_bytes_that_are_no_text_are_a_damaged_record(tmp_path):
    save_record(make(), tmp_path).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="damaged"):
        load_record("temperature", tmp_path)


def test_a_failed_save_leaves_the_old_record_and_no_rubbish(tmp_path, monkeypatch):
    save_record(make(), tmp_path)

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr(records.os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_record(make(seeds=[7]), tmp_path)
    assert load_record("temperature", tmp_path).seeds == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["temperature.json"]


def test_file_appears_under_its_name_only_when_it_is_complete(tmp_path, monkeypatch):
    seen = []
    original = os.replace

    def watch(draft, path):
        seen.append((Path(path).exists(), json.loads(Path(draft).read_text())["name"]))
        original(draft, path)

    monkeypatch.setattr(records.os, "replace", watch)
    save_record(make(), tmp_path / "new" / "folder")
    assert seen == [(False, "temperature")]


def test_saved_file_can_be_read_by_others(tmp_path):
    mask = os.umask(0o022)
    try:
        mode = save_record(make(), tmp_path).stat().st_mode
    finally:
        os.umask(mask)
    assert mode & 0o444 == 0o444


def test_results_folder_is_the_named_one_then_the_nearest_then_beside_the_package(
    tmp_path, monkeypatch
):
    deep = tmp_path / "course" / "lectures"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    monkeypatch.delenv("EFFCV_RESULTS", raising=False)
    assert results_folder() == Path(effcv_lab.__file__).resolve().parent.parent / "results"
    (tmp_path / "results").mkdir()
    assert results_folder() == tmp_path / "results"
    (tmp_path / "course" / "results").mkdir()
    assert results_folder() == tmp_path / "course" / "results"
    (deep / "results").mkdir()
    assert results_folder() == deep / "results"
    monkeypatch.setenv("EFFCV_RESULTS", str(tmp_path / "mine"))
    assert results_folder() == tmp_path / "mine"
    save_record(make())
    assert load_record("temperature") == make()


def test_machine_description_fits_a_record_and_names_products_only():
    about = describe_machine()
    record = make(**about)
    assert record.hardware["cores"] >= 1 and record.hardware["cpu"]
    assert record.versions["python"] == platform.python_version()
    assert record.versions["numpy"] == np.__version__
    assert record.versions["torch"] == torch.__version__
    assert record.versions["effcv_lab"] == effcv_lab.__version__
    text = json.dumps(list(about["hardware"].values()))
    assert socket.gethostname() not in text
    assert str(Path.home()) not in text and os.getcwd() not in text
    for value in record.hardware.values():
        assert "@" not in str(value) and "(R)" not in str(value)


def test_the_interval_of_a_mean_is_scipys():
    values = [0.3, -0.2, 0.5, 0.1, 0.4]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values)[:2] == mean_and_spread(values)
    assert mean_interval(values)[2:] == pytest.approx((expected.low, expected.high))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_mean_and_spread_agree_with_the_statistics_module(values):
    mean, sd = mean_and_spread(values)
    assert mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert sd == pytest.approx(statistics.stdev(values), abs=1e-6)


def test_mean_and_spread_take_tensors():
    assert mean_and_spread(torch.tensor([1.0, 2.0, 3.0])) == (2.0, 1.0)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_run_has_no_spread(values):
    with pytest.raises(ValueError, match="one run has no spread"):
        mean_and_spread(values)


def test_spread_of_nan_is_refused():
    with pytest.raises(ValueError, match="finite"):
        mean_and_spread([1.0, math.nan])


def test_tag_says_seeds_machine_and_version():
    assert tag(make()) == "3 seeds, Intel Xeon 2 cores, torch 2.15.0"
    single = make(seeds=[4], hardware={"cpu": "Apple M1", "cores": 1, "gpu": None})
    assert tag(single) == "1 seed, Apple M1 1 core, torch 2.15.0"


def test_tag_of_a_gpu_run_names_the_gpu():
    hardware = {"cpu": "Intel Xeon", "cores": 2, "gpu": "NVIDIA T4"}
    record = make(hardware=hardware, device="cuda")
    assert tag(record) == "3 seeds, NVIDIA T4, torch 2.15.0"
    assert "NVIDIA" not in tag(replace(record, device="cpu"))


def test_every_field_is_in_the_file(tmp_path):
    content = json.loads(save_record(make(), tmp_path).read_text())
    assert list(content) == [field.name for field in fields(Record)]
