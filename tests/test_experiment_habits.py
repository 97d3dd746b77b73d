"""The habits experiment: each test is one promise of its measurements or of its record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_of
from sklearn.metrics import cohen_kappa_score

from effcv_lab.cache import fit_cached
from effcv_lab.data import fashion
from effcv_lab.distillation import DistillationLoss
from effcv_lab.experiments import habits, recipes, students
from effcv_lab.experiments.habits import dimmed, inverted, rows_of, taught
from effcv_lab.experiments.habits_measures import kept_answers, shared_mistakes
from effcv_lab.models import mlp
from effcv_lab.records import load_record, save_record
from effcv_lab.training import cross_entropy, evaluate, fit, predict_logits


def random_answers(count=400, classes=5, seed=0, right=0.5):
    """Make labels and the answers of two networks that know nothing of each other."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=count)
    lists = []
    for _ in range(2):
        guess = random.integers(classes, size=count)
        lists.append(np.where(random.random(count) < right, labels, guess))
    return [torch.from_numpy(a) for a in (*lists, labels)]


# Measures


def test_shared_mistakes_count_what_a_loop_counts():
    teacher, student, labels = random_answers()
    wrong = [n for n in range(400) if teacher[n] != labels[n]]
    same = sum(bool(student[n] == teacher[n]) for n in wrong) / len(wrong)
    right = sum(bool(student[n] == labels[n]) for n in wrong) / len(wrong)
    found = shared_mistakes(teacher, student, labels)
    assert found["wrong"] == pytest.approx(len(wrong) / 400)
    assert (found["same"], found["right"]) == pytest.approx((same, right))
    assert found["corrected"] == pytest.approx((same - found["chance"]) / (1 - found["chance"]))


def test_chance_is_the_mean_over_answers_dealt_out_anew_within_each_class():
    teacher, student, labels = random_answers(count=120, classes=3)
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(400):
        dealt = student.clone()
        for label in range(3):
            places = (labels == label).nonzero().flatten()
            order = torch.randperm(len(places), generator=generator)
            dealt[places] = student[places[order]]
        found.append(shared_mistakes(teacher, dealt, labels)["same"])
    expected = shared_mistakes(teacher, student, labels)["chance"]
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / 400**0.5)


def test_with_one_true_class_all_of_it_wrong_the_corrected_share_is_cohens_form():
    teacher, student, _ = random_answers()
    labels = torch.full((400,), 9)
    kappa = cohen_kappa_score(teacher.numpy(), student.numpy())
    assert shared_mistakes(teacher, student, labels)["corrected"] == pytest.approx(kappa)


def test_strangers_share_mistakes_by_chance_only_and_a_copy_shares_all():
    teacher, student, labels = random_answers(count=20_000)
    assert abs(shared_mistakes(teacher, student, labels)["corrected"]) < 0.03
    copy = shared_mistakes(teacher, teacher, labels)
    assert (copy["same"], copy["corrected"], copy["right"]) == (1, 1, 0)


def test_a_better_stranger_shares_fewer_mistakes_but_no_more_than_chance():
    teacher, worse, labels = random_answers(count=20_000, right=0.3)
    better = torch.where(torch.rand(20_000, generator=torch.Generator()) < 0.8, labels, worse)
    found = [shared_mistakes(teacher, student, labels) for student in (worse, better)]
    assert found[1]["same"] < found[0]["same"]
    assert max(abs(row["corrected"]) for row in found) < 0.03


def test_a_teacher_without_mistakes_is_refused():
    labels = torch.tensor([0, 1])
    with pytest.raises(ValueError, match="wrong on at least one"):
        shared_mistakes(labels, labels, labels)


# What only the teacher is taught


@pytest.fixture(scope="module")
def few_images():
    return few_of(fashion(), 8, 20, 5)


def test_each_training_image_is_dimmed_by_a_gain_of_its_own(few_images):
    train = few_images.train
    changed = taught(train, "dimmed", seed=3)
    gains = changed.images.flatten(1).amax(1) / train.images.flatten(1).amax(1)
    torch.testing.assert_close(changed.images, dimmed(train.images, gains))
    assert habits.LOWEST <= gains.min() < 0.35 and 0.85 < gains.max() <= 1
    assert len(set(gains.tolist())) > 70
    assert torch.equal(changed.labels, train.labels)


def test_about_half_of_the_training_images_are_inverted_and_the_rest_is_as_it_was(few_images):
    train = few_images.train
    changed = taught(train, "inverted", seed=3).images
    is_plain = (changed == train.images).flatten(1).all(1)
    is_negative = (changed == inverted(train.images)).flatten(1).all(1)
    assert (is_plain ^ is_negative).all()
    assert 0.3 < is_plain.double().mean() < 0.7


def test_the_changes_belong_to_the_seed_and_plain_changes_nothing(few_images):
    train = few_images.train
    assert taught(train, "plain", seed=0) is train
    for change in ("dimmed", "inverted"):
        first, again, other = (taught(train, change, seed).images for seed in (0, 0, 1))
        assert torch.equal(first, again) and not torch.equal(first, other)
    with pytest.raises(ValueError, match="change must be"):
        taught(train, "louder", seed=0)


def test_views_show_every_gain_and_the_negative(few_images):
    images = few_images.validation.images
    views = habits.views_of(images)
    assert torch.equal(views["gain 1"], images)
    assert torch.equal(views["gain 0.4"], images * 0.4)
    assert torch.equal(views["inverted"], 1 - images)
    assert len(views) == len(habits.GAINS) + 1


# The experiment


@pytest.fixture(scope="module")
def quick(own_cache):
    """Train two epochs, whatever is asked for; remember what was asked."""
    asked = []

    def two_epochs(build, train, validation, config, **options):
        asked.append((str(build()), train, config, options))
        return fit_cached(build, train, validation, replace(config, epochs=2), **options)

    def student(model, train, validation, config, **options):
        asked.append((str(model), train, config, options))
        return fit(model, train, validation, replace(config, epochs=2), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "fit_cached", two_epochs)
        patch.setattr(students, "fit", student)
        yield asked


@pytest.fixture(scope="module")
def record(few_images, quick):
    return habits.run("class", "cpu", (0, 1), splits=few_images)


def test_the_record_has_a_row_for_each_seed_and_network(record):
    found = [(row["seed"], row["network"], row["teacher"]) for row in record.rows]
    expected = {
        (seed, network, teacher)
        for seed in (0, 1)
        for network in ("teacher", "mlp", "cnn")
        for teacher in ("none", *habits.CHANGES)
        if (network, teacher) != ("teacher", "none")
    }
    assert set(found) == expected and len(found) == len(expected)
    assert [row["seed"] for row in rows_of(record, "mlp", "dimmed")] == [0, 1]


def test_only_teachers_see_changed_images(record, quick, few_images):
    names = set()
    for net, train, _, options in quick:
        if "Linear(in_features=64" in net:
            names.add(train.name)
            assert options["batch_loss"] is cross_entropy
        else:
            assert torch.equal(train.images, few_images.train.images)
    assert len(names) == 3


def test_each_student_listens_to_its_own_teacher(few_images, quick):
    nets = habits.train_teachers(few_images, 1, "class", "cpu", progress=False)
    before = len(quick)
    taught_by = habits.train_students("mlp", nets, few_images, 1, "class", "cpu")
    assert list(taught_by) == ["none", *habits.CHANGES]
    asked = quick[before:]
    assert asked[0][3]["batch_loss"] is cross_entropy
    student, images, labels = mlp((3,)), few_images.train.images, few_images.train.labels
    for (_, train, config, options), net in zip(asked[1:], nets.values(), strict=True):
        found = options["batch_loss"](student, images, labels)
        wanted = DistillationLoss(net, 4.0, 0.9)(student, images, labels)
        torch.testing.assert_close(found, wanted)
        assert torch.equal(train.labels, labels) and config.seed == 1
    assert len({replace(config, seed=0) for _, _, config, _ in asked}) == 1


def test_the_numbers_are_those_of_the_networks(record, few_images, quick):
    validation = few_images.validation
    teachers = [
        habits.TEACHER.train(few_images, seed, "class", "cpu", progress=False) for seed in (0, 1)
    ]
    student = habits.train_students("mlp", {}, few_images, 0, "class", "cpu")["none"]
    row = rows_of(record, "mlp", "none")[0]
    answers = predict_logits(student, validation.images).argmax(1)
    dark = replace(validation, images=dimmed(validation.images, 0.4))
    assert row["accuracy"]["gain 1"] == pytest.approx(evaluate(student, validation)[1])
    assert row["accuracy"]["gain 0.4"] == pytest.approx(evaluate(student, dark)[1])
    again = predict_logits(student, dark.images).argmax(1)
    assert row["kept"]["gain 0.4"] == pytest.approx(kept_answers(answers, again))
    assert row["kept"]["gain 1"] == 1
    for teacher, name in zip(teachers, ("mistakes", "other_mistakes"), strict=True):
        given = predict_logits(teacher, validation.images).argmax(1)
        found = shared_mistakes(given, answers, validation.labels)
        assert row[name] == pytest.approx(found, rel=1e-4)


def test_the_other_teacher_is_never_the_own_one(record):
    for row in record.rows:
        if row["network"] != "teacher":
            assert row["mistakes"] != row["other_mistakes"]


def test_the_record_survives_saving_and_says_how_it_was_made(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("habits", tmp_path) == record
    assert record.command == "effcv reproduce habits --budget class --seeds 2"
    assert record.config["teacher_epochs"] == habits.TEACHER.class_epochs
    assert record.config["mlp_network"] == "mlp((30,))"


def test_an_unknown_kind_of_student_is_refused(few_images):
    with pytest.raises(ValueError, match="kind must be"):
        habits.train_students("rnn", {}, few_images, 0)
