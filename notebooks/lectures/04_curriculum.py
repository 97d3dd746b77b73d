# %% [markdown] slide="slide"
# # 4. Curriculum learning
#
# **The question of this lecture:** does it help a network to see easy examples first, and how would you know that it
# was the order that helped?
#
# You will be able to
#
# - **tell apart** what a curriculum may buy: faster convergence, better generalisation, cheaper steps,
# - **train** with three kinds of curriculum: two stages, a pool that grows, images that grow,
# - **choose the control** that rules out "it just saw more data", and read its result with a spread,
# - **count** compute instead of epochs where a curriculum makes the steps cheaper,
# - **doubt** a difficulty score: who computed it, from what, and what did that cost?

# %% [markdown] slide="skip"
# *You need:* lecture 01 for the training loop; a convolutional network should be no stranger. *Time:* two class hours.
# Each section of the second stands on its own. *Computing:* one to two minutes on two CPU cores, one the next
# time.
#
# | First hour | Minutes | Second hour | Minutes |
# |---|--:|---|--:|
# | 1. Orders of examples | 9 | 4. How many levels, and what is easy? | 15 |
# | 2. The pioneering task | 20 | Live: the curriculum scrubber | 6 |
# | Live: the shape dial | 6 | 5. A curriculum of synthetic images | 16 |
# | 3. EfficientTrain: low frequencies first | 15 | 6. The test set, once; what this does not show | 5 |
# | | | 7. Check yourself, what you can do now | 8 |
#
# *Sources:* Bengio, Louradour, Collobert and Weston, *Curriculum Learning*, ICML 2009. Hacohen and Weinshall, *On the
# Power of Curriculum Learning in Training Deep Networks*, ICML 2019. Wang et al., *EfficientTrain*, ICCV 2023, arXiv
# 2211.09703; *EfficientTrain++*, arXiv 2405.08768. Liang et al., *Diffusion Curriculum*, arXiv 2410.13674. Shapes:
# drawn by this kit. Photographs: Fashion-MNIST, Xiao et al. 2017, arXiv 1708.07747.

# %% id="setup" slide="skip"
import math

import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from effcv_lab import figures
from effcv_lab.curriculum import (
    curriculum_batches,
    elongation,
    guided_scenes,
    levels_pacing,
    loss_difficulty,
    low_frequency_crop,
    pacing,
    root_pacing,
    shuffled,
    trace_training,
    two_stages,
    union,
)
from effcv_lab.experiments import (
    difficulty_levels,
    efficient_train,
    long_tail,
    long_tail_task,
    switch_epoch,
)
from effcv_lab.experiments import efficient_train_measures as measures
from effcv_lab.experiments.difficulty_levels import BASELINE, LONGER, Arm
from effcv_lab.experiments.difficulty_levels_measures import differences, epochs_until, errors_of
from effcv_lab.experiments.efficient_train_curves import clock_after, of_arm, validation_over
from effcv_lab.experiments.recipes import splits_for
from effcv_lab.experiments.shapes_task import DIALS, shapes_task
from effcv_lab.models import count_macs, count_parameters, mlp, small_cnn
from effcv_lab.records import load_record, mean_and_spread, mean_interval, tag
from effcv_lab.replicates import fit_replicates
from effcv_lab.shapes import draw_shapes
from effcv_lab.tables import show_table
from effcv_lab.training import TrainConfig, budget, evaluate, fit, pick_device, seed_everything
from effcv_lab.widgets.predict import predict, reveal
from effcv_lab.widgets.quiz import quiz
from effcv_lab.widgets.scrubber import CurriculumScrubber
from effcv_lab.widgets.shape_dial import ShapeDial

# %% slide="skip"
torch.set_num_threads(1)  # steadier than two for nets this small; leaves a core to the browser
device = pick_device()
scale = budget(class_="class", paper="paper")
seeds = range(budget(class_=3, paper=5))
task = shapes_task()
classes = task.hard.classes
print(f"device {device}, {scale} budget, {len(seeds)} seeds")
print(f"{len(task.hard):,} easy and {len(task.hard):,} hard shapes to train on")
print("one to two minutes of computing on two CPU cores, one the next time")

# %% [markdown] slide="slide"
# ## 1. Orders of examples
#
# Nobody learns to read from a novel. A teacher begins with easy words and makes them harder over time: a
# **curriculum**. A network is usually shown its examples in random order. Would it, too, learn better from easy to
# hard?

# %% [markdown] slide="subslide"
# ### Better in what?
#
# - **Convergence speed:** it needs fewer steps (or less compute) to reach the same error.
# - **Generalisation:** after the same steps it makes fewer errors on images that it has not seen.
#
# A curriculum may buy one, both or neither. So we look at errors *over* training, and at its end.

# %% [markdown] slide="subslide"
# ### The smallest case: two clouds
#
# Two clouds of points in 20 dimensions, one for each class, and a linear classifier. The best possible boundary is
# known here: the plane in the middle. Call an example **easy** if it lies on its own side of that plane.

# %% slide="fragment"
torch.manual_seed(0)
runs, examples, dimensions = 200, 100, 20
centre = torch.eye(dimensions)[0]  # of class +1; class -1 sits at -centre
sides = torch.where(torch.rand(runs, examples) < 0.5, 1.0, -1.0)  # the labels, (runs, examples)
points = torch.randn(runs, examples, dimensions) + sides[..., None] * centre
easy = points @ centre * sides > 0
print(f"{easy.double().mean():.0%} of the examples are easy")

# %% [markdown] slide="subslide"
# The test error needs no test points: along its weights w, a cloud is a normal distribution, so the error is
# Φ(−w·centre / |w|), exactly.


# %% slide="fragment"
def error_over_steps(shown, labels=sides, steps=400, rate=0.3):
    """Train all runs by gradient descent on the examples that ``shown(step)`` marks."""
    weights, errors = torch.zeros(runs, dimensions), []
    for step in range(steps):
        chosen = shown(step).double()
        margins = torch.einsum("red,rd->re", points, weights) * labels
        pull = torch.sigmoid(-margins) * labels * chosen / chosen.sum(dim=1, keepdim=True)
        weights += rate * torch.einsum("re,red->rd", pull.float(), points)
        errors.append(torch.special.ndtr(-weights @ centre / weights.norm(dim=1)))
    return torch.stack(errors, dim=1)  # (runs, steps)


# %% [markdown] slide="subslide"
# Three ways to show them: **all** in every step; the **easy** ones only; and **easy first**, all from half-time on.

# %% slide="fragment" tags=["hide-input"]
predict(
    "curriculum_easy_only",
    "After the same number of steps, which has the lowest test error?",
    choices=["all examples", "easy ones only", "easy first, then all", "no difference"],
)

# %% slide="subslide"
everything = torch.ones_like(easy)
ways = {
    "all": lambda step: everything,
    "easy first": lambda step: easy if step < 200 else everything,
    "easy only": lambda step: easy,
}
errors = {name: error_over_steps(shown) for name, shown in ways.items()}

# %% slide="subslide" tags=["hide-input"]
steps_seen = torch.arange(1, 401)
bayes = torch.special.ndtr(-centre.norm()).item()
figures.show(
    figures.curves(
        steps_seen,
        {name: over.mean(dim=0) for name, over in errors.items()},
        title="Easy examples alone do best; easy first is soon forgotten",
        x_label="Steps",
        y_label="Test error",
        references={"best possible": bayes},
        log_x=True,
        note=f"Illustrative stand-in: mean of {runs} draws of {examples} points in {dimensions} dimensions.",
    )
)

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
final = {name: over[:, -1].mean().item() for name, over in errors.items()}
reveal(
    "curriculum_easy_only",
    "easy ones only",
    f"All {final['all']:.1%}, easy first {final['easy first']:.1%}, easy only {final['easy only']:.1%}; the best "
    f"possible is {bayes:.1%}.",
)
assert final["easy only"] < final["easy first"] < final["all"]

# %% [markdown] slide="subslide"
# ### Was it because they were easy?
#
# "Easy only" saw *fewer* examples, so the first control has as many, chosen by lot. The second asks what "easy" told
# the net: it keeps all examples, but with the label that the best boundary would give.

# %% slide="fragment"
lot = torch.rand_like(points[..., 0]).argsort(dim=1).argsort(dim=1)  # a rank for each example
by_lot = lot < easy.sum(dim=1, keepdim=True)
errors["as many, by lot"] = error_over_steps(lambda step: by_lot)

corrected = (points @ centre).sign()  # what the best boundary says
errors["all, corrected"] = error_over_steps(lambda step: everything, labels=corrected)

# %% slide="subslide"
final = {name: over[:, -1].mean().item() for name, over in errors.items()}
for name, error in sorted(final.items(), key=lambda item: item[1]):
    print(f"{name:16s} {error:.1%}")
assert final["all, corrected"] < final["all"] < final["as many, by lot"]
assert final["easy only"] < final["as many, by lot"] - 0.02

# %% [markdown] slide="fragment"
# By lot is worse than all; so it was not the number. But "easy" was decided by the boundary that the net has to find:
# the score **gave the answer away**, and giving it away openly works as well or better. Ask of each difficulty score
# who computed it, and from what.

# %% [markdown] slide="slide"
# ## 2. The pioneering task
#
# Bengio, Louradour, Collobert and Weston (ICML 2009) asked a small net to name a shape. **Easy**: squares, circles and
# equilateral triangles. **Hard**: rectangles, ellipses and triangles of any proportions. Places, sizes, turns and greys
# vary in both.

# %% slide="fragment" tags=["hide-input"]
shown = {"easy": task.easy, "hard": task.hard}
figures.show(
    figures.image_grid(
        torch.cat([part.images[:6] for part in shown.values()]),
        [f"{name}: {classes[k]}" for name, part in shown.items() for k in part.labels[:6]],
        columns=6,
        title="Which of these would you teach first?",
        note="Illustrative stand-in: drawn by this kit after the description of the paper's two sets.",
    )
)

# %% [markdown] slide="subslide"
# ### Live: the shape dial
#
# What makes a shape hard, and for whom? Two kinds of net learn from the **hard set** for a few seconds: the fully
# connected net of this section (MLP), and a small **conv net** (CNN) that slides the same filters over the whole
# picture. The set has all positions, sizes and turns, squeezed shapes, contrast from 0.5: no noise, no clutter.


# %% slide="fragment"
def taught(build, epochs, seed):
    seed_everything(seed)
    net = build()
    config = TrainConfig(epochs=epochs, batch_size=50, learning_rate=0.05, seed=seed)
    fit(net, task.hard, task.validation, config, device=device, progress=False)
    return net


# %% slide="fragment"
kinds = {
    "MLP": (lambda: mlp((100, 100, 100), (1, 32, 32), 3), 10),
    "CNN": (lambda: small_cnn(in_channels=1, classes=3), 3),
}
judges = {name: [taught(*kind, seed) for seed in seeds] for name, kind in kinds.items()}

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
predict(
    "curriculum_dial",
    "Both kinds of net saw shapes without noise. Now each pixel gets a little of it, standard deviation 0.1; you still "
    "see every shape. Which kind falls to guessing, one in three?",
    choices=["the fully connected net", "the conv net", "both", "neither"],
)

# %% slide="subslide"
dial = ShapeDial({name: nets[0] for name, nets in judges.items()}, drawn_with=DIALS)
dial

# %% [markdown] slide="subslide"
# The bars below a slider show how far the easy and the hard set went. **Move** one dial at a time and come back with
# **easy**; choose other classes, **draw anew**. **Look for**:
#
# 1. *Across*, *down*, *rotation*: does an answer flip although nothing got harder for you?
# 2. *Aspect* to 0.5, then on to where no set has been.
# 3. *Noise* to 0.1; *clutter* to 5; *contrast* to 0.2; *scale* to 0.3. Which net breaks at which dial?
# 4. What does the rule say each time?

# %% [markdown] slide="fragment"
# **It must show:** a shape that only moves becomes another class. The two nets break at different dials, and mostly
# not at the one that parts easy from hard. The rule sees the squeeze and nothing else; noise misleads it.

# %% slide="subslide"
moved = draw_shapes(300, seed=105, label=0, scale=0.7, aspect=1, rotation=0, contrast=1)
still_right = {kind: evaluate(nets[0], moved)[1] for kind, nets in judges.items()}
print("one square at 300 places, about half of them dark on bright:")
for kind, share in still_right.items():
    print(f"    {kind} (the one in the dial) says rectangle at {share:.0%} of them")
assert any(0.02 < share < 0.98 for share in still_right.values())

# %% [markdown] slide="fragment"
# And the other dials, each turned alone, on 900 shapes instead of one:

# %% slide="subslide"
turned = {
    "as in the easy set": {},
    "aspect 0.5": {"aspect": 0.5},
    "contrast 0.2": {"contrast": 0.2},
}
turned |= {"scale 0.3": {"scale": 0.3}, "noise 0.1": {"noise": 0.1}, "clutter 5": {"clutter": 5}}
easy_dials = DIALS | {"aspect": 1}
probes = {name: draw_shapes(900, seed=105, **easy_dials | dial) for name, dial in turned.items()}

# %% slide="fragment"
accuracy = {
    kind: {name: [evaluate(net, probe)[1] for net in nets] for name, probe in probes.items()}
    for kind, nets in judges.items()
}
by_rule = {name: elongation(probe.images).mean().item() for name, probe in probes.items()}


# %% slide="subslide"
def percent(values):
    mean, spread = mean_and_spread([100 * value for value in values])
    return f"{mean:.0f} ± {spread:.0f} %"


show_table(
    [
        {"one dial turned": name, "by rule: elongation": f"{by_rule[name]:.2f}"}
        | {f"{kind}, right": percent(accuracy[kind][name]) for kind in judges}
        for name in probes
    ]
)

# %% [markdown] slide="skip"
# Mean ± standard deviation over the seeds, on 900 shapes a row that no net was trained on and that choose nothing.
# *Illustrative stand-in:* nets trained for seconds; what they break at is stable over seeds, how much is not.

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
worst = {kind: max(accuracy[kind]["noise 0.1"]) for kind in judges}
fell = [kind for kind in judges if worst[kind] < 0.45]
named = {
    ("CNN",): "the conv net",
    ("MLP",): "the fully connected net",
    (): "neither",
}
reveal(
    "curriculum_dial",
    named.get(tuple(fell), "both"),
    f"With noise the best conv net of {len(judges['CNN'])} gets {worst['CNN']:.0%} right, the best fully "
    f"connected net {worst['MLP']:.0%}, as without noise. The better net is the one that breaks.",
)

# %% slide="fragment"
conv, full = (
    {name: mean_and_spread(accuracy[kind][name])[0] for name in probes} for kind in ("CNN", "MLP")
)
plain = "as in the easy set"
assert conv[plain] > full[plain] + 0.1  # the conv net is the better one, and yet:
assert worst["CNN"] < 0.45 and abs(full["noise 0.1"] - full[plain]) < 0.05
assert conv["aspect 0.5"] < conv[plain] - 0.03 and full["aspect 0.5"] < full[plain] - 0.03
assert full["scale 0.3"] < 0.45 and full["contrast 0.2"] < full[plain] - 0.05
assert by_rule["aspect 0.5"] > 0.45 and by_rule["scale 0.3"] < 0.1 and by_rule["contrast 0.2"] < 0.1

# %% [markdown] slide="fragment"
# **What you saw.** Squeezing costs both nets some accuracy: easy and hard are well named. But a dial that the
# training set never turned can cost one net everything and another nothing. *Hard* is a word about a picture **and**
# who looks, and what it has seen. The rule is cheap, blind to all but the squeeze, and wrong on a ground that is not
# plain.

# %% [markdown] slide="subslide"
# ### The net, and its baseline
#
# Three hidden layers, no convolution. What it is shown, and when, is an **arm** of the experiment. Each epoch is as
# long as one set, so all arms take the same steps. All are **judged on hard images only**. Without a curriculum, hard
# images from the first step to the last: that is the baseline, and it gets the learning rate that suits *it* best.

# %% slide="fragment"
grid_record = load_record("switch_epoch")
net, chosen = switch_epoch.shapes_net(), grid_record.config["learning_rate"]
print(f"{count_parameters(net):,} weights, {count_macs(net, (1, 32, 32)):,} MACs an image")
for tried in grid_record.config["search"]:
    if tried["validation_errors"]:  # else it diverged
        mean, spread = mean_and_spread(tried["validation_errors"])
        mark = "<- chosen" if tried["learning_rate"] == chosen else ""
        print(f"learning rate {tried['learning_rate']}: {mean:.1%} ± {spread:.1%} {mark}")

# %% slide="fragment" tags=["hide-input"]
half = grid_record.config["epochs"] // 2
predict(
    "curriculum_switch_at_half",
    f"{2 * half} epochs. One net sees hard images only; its twin, with the same first weights, sees easy ones for "
    f"{half} epochs and gets only half as many steps on hard ones. The twin's error on hard test images is ...",
    choices=[
        "higher by more than 1 point",
        "the same to within 1 point",
        "lower by more than 1 point",
    ],
)

# %% [markdown] slide="subslide"
# ### Live: twelve nets at once
#
# Four seeds, three arms. `two_stages` shows the easy set first; `union` mixes both sets from the first step on. Nets of
# a seed start alike. Less than half of the record's epochs, so look at *when* they learn, not at who wins.

# %% slide="fragment"
live_epochs = 20
live_arms = {
    "hard only": task.hard,
    "switch at half": two_stages(task.easy, task.hard, live_epochs, live_epochs // 2),
    "union": union(task.easy, task.hard),
}
grid = [(name, seed) for name in live_arms for seed in range(4)]
live_config = TrainConfig(live_epochs, 50, chosen, momentum=0.0, weight_decay=0.0)

# %% slide="fragment"
twelve = fit_replicates(
    switch_epoch.shapes_net,
    [live_arms[name] for name, _ in grid],
    task.validation,
    live_config,
    [seed for _, seed in grid],
    device=device,
)
print(f"{len(twelve)} nets in {sum(history.train_seconds for history in twelve.histories):.0f} s")

# %% slide="subslide" tags=["hide-input"]
live_errors = {name: [] for name in live_arms}
for (name, _), history in zip(grid, twelve.histories, strict=True):
    live_errors[name].append([1 - epoch.val_accuracy for epoch in history.epochs])
figures.show(
    figures.curves(
        range(1, live_epochs + 1),
        live_errors,
        title="Switch at half: behind while shapes are easy, a steep fall after the switch",
        x_label="Epochs",
        y_label="Error on hard validation images",
        marks={"switch": live_epochs // 2},
        note=f"Illustrative stand-in: 4 seeds, {live_epochs} epochs of {len(task.hard):,} images; far from converged.",
    )
)

# %% slide="fragment"
mean = {name: torch.tensor(runs).mean(dim=0) for name, runs in live_errors.items()}
before, after = live_epochs // 2 - 1, live_epochs // 2 + 3
fell = {name: (over[before] - over[after]).item() for name, over in mean.items()}
print({name: f"falls by {value:.1%}" for name, value in fell.items()}, "in four epochs")
assert mean["switch at half"][before] > mean["hard only"][before]  # judged on hard images
assert fell["switch at half"] > max(fell["hard only"], fell["union"])

# %% [markdown] slide="subslide"
# ### The whole grid
#
# The record has more epochs and seeds, several switch epochs, and four controls: **union**; two other orders, **hard,
# then easy** and **hard, easy, hard**, with as many epochs of each set as the switch at half; and **more hard**: hard
# images only, but twice as many different ones, as many as a curriculum sees.

# %% slide="subslide" tags=["hide-input"]
on_test = {
    name: switch_epoch.of_arm(grid_record, name)
    for name in dict.fromkeys(row["arm"] for row in grid_record.rows)
}
switches = {str(at): on_test[switch_epoch.arm_name(at)] for at in grid_record.config["switches"]}
at_half, mixed, more = (
    switch_epoch.against(grid_record, name)
    for name in (switch_epoch.arm_name(half), "union", "more hard")
)
figures.show(
    figures.boxes(
        switches,
        beside={name: on_test[name] for name in grid_record.config["controls"]},
        title=f"Against hard only: switch at half {100 * at_half.mean:+.1f} points, "
        f"union {100 * mixed.mean:+.1f}, more hard images {100 * more.mean:+.1f}",
        x_label=f"Switch epoch, of {grid_record.config['epochs']}; right of the gap: controls",
        y_label="Test error",
        note=f"Illustrative stand-in: fewer images and epochs than in the paper, and a falling learning rate. Recorded: {tag(grid_record)}.",
    )
)

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
words = ("lower by more than 1 point", "the same to within 1 point", "higher by more than 1 point")
reveal(
    "curriculum_switch_at_half",
    words[(at_half.mean >= -0.01) + (at_half.mean > 0.01)],
    f"{100 * at_half.mean:+.1f} points over {len(grid_record.seeds)} pairs of twins, 95 % interval "
    f"{100 * at_half.low:+.1f} to {100 * at_half.high:+.1f}.",
)

# %% slide="subslide" tags=["hide-input"]
lines = []
for name, values in on_test.items():
    mean_error, spread = mean_and_spread(values)
    line = {"arm": name, "test error": f"{100 * mean_error:.1f} ± {spread * 100:.1f} %"}
    if name != "hard only":
        gap = switch_epoch.against(grid_record, name)
        line["against hard only, points"] = f"{100 * gap.mean:+.1f}"
        line["95 % interval"] = f"{100 * gap.low:+.1f} to {100 * gap.high:+.1f}"
    lines.append(line)
show_table(lines, missing="–")
print(f"Recorded: paired by seed, {tag(grid_record)}")

# %% [markdown] slide="subslide"
# ### With as many images as in the paper
#
# Four of the arms again, with 10,000 images in each set, fewer epochs, and a learning rate of their own, again the best
# for the baseline. Do the controls rank as before?

# %% slide="fragment" tags=["hide-input"]
larger = load_record("switch_epoch_10k")
lines = []
for name in dict.fromkeys(row["arm"] for row in larger.rows):
    mean_error, spread = mean_and_spread(switch_epoch.of_arm(larger, name))
    line = {"arm": name, "test error": f"{100 * mean_error:.1f} ± {spread * 100:.1f} %"}
    if name != "hard only":
        gap = switch_epoch.against(larger, name)
        line["against hard only, points"] = f"{100 * gap.mean:+.1f}"
        line["95 % interval"] = f"{100 * gap.low:+.1f} to {100 * gap.high:+.1f}"
    lines.append(line)
show_table(lines, missing="–")
print(
    f"Recorded: {larger.config['images']:,} images, {larger.config['epochs']} epochs, {tag(larger)}"
)
later = switch_epoch.arm_name(larger.config["epochs"] // 2)
against_union, against_more = (
    switch_epoch.against(larger, later, control) for control in ("union", "more hard")
)
assert against_union.low > 0 and against_more.low < 0 < against_more.high

# %% [markdown] slide="fragment"
# Union is ahead again. But with 10,000 images, **as many new hard ones do what the easy ones did**: the switch at half
# and more hard are not told apart. What a control says holds for the size at which it was run.

# %% [markdown] slide="subslide"
# ### How long should the easy phase be?
#
# A longer easy phase leaves fewer epochs for what is judged. Choose on **validation** images, and look at the spread:
# neighbours that it does not tell apart are equally good answers.

# %% slide="fragment"
on_validation = {
    at: mean_and_spread(
        switch_epoch.of_arm(grid_record, switch_epoch.arm_name(at), "validation_error")
    )
    for at in grid_record.config["switches"]
}
for at, (error, spread) in on_validation.items():
    print(f"switch at {at:>3}: validation error {error:.1%} ± {spread:.1%}")
best = min(on_validation, key=lambda at: on_validation[at][0])
print(f"smallest mean: switch at {best} of {2 * half}")

# %% [markdown] slide="subslide"
# ### Faster, too?
#
# Take the baseline's own final validation error as the mark, and count epochs until a net first gets there.

# %% slide="fragment"
mark, _ = mean_and_spread(switch_epoch.of_arm(grid_record, "hard only", "validation_error"))
for name in ("hard only", switch_epoch.arm_name(half), "union", "more hard"):
    reached = switch_epoch.epochs_to_reach(grid_record, name, mark)
    middle = sorted(epoch or math.inf for epoch in reached)[len(reached) // 2]
    never = sum(epoch is None for epoch in reached)
    when = (
        "not by half of the nets"
        if middle == math.inf
        else f"by half of the nets at epoch {middle}"
    )
    print(f"{name:13s} {when}; never by {never} of {len(reached)}")

# %% [markdown] slide="subslide"
# ### What explains the gain?
#
# A curriculum differs from hard only in three ways: **more different** images, **easier** ones, and an **order**. Union
# has the first two, mixed; more hard has only the first; the other orders have all three, another way round. Compare
# seed by seed.

# %% slide="fragment"
curriculum = switch_epoch.arm_name(best)
for control in grid_record.config["controls"]:
    gap = switch_epoch.against(grid_record, curriculum, control)
    verdict = "better" if gap.high < 0 else "worse" if gap.low > 0 else "not told apart"
    print(
        f"{curriculum} against {control:16s} {100 * gap.mean:+5.1f} points, "
        f"95 % {100 * gap.low:+.1f} to {100 * gap.high:+.1f}: {verdict}"
    )

# %% [markdown] slide="subslide"
# ### Four ways to fool yourself here
#
# **Validate on easy images.** **Stop early while the phase is easy.** **Tune the curriculum, not the baseline.** **Show
# the best seed.** Three of them can be counted in the record.

# %% slide="fragment"
by_easy = {
    name: mean_and_spread(switch_epoch.of_arm(grid_record, name, "easy_error"))[0]
    for name in on_test
}
fooled = min(by_easy, key=by_easy.get)
means = {name: mean_and_spread(values)[0] for name, values in on_test.items()}
print(f"best on easy images: {fooled}, {by_easy[fooled]:.1%} of them wrong")
print(
    f"its error on the hard test images: {means[fooled]:.1%}; hard only: {means['hard only']:.1%}"
)

# %% slide="fragment"
patience, stopped = 5, 0
curves = switch_epoch.of_arm(grid_record, switch_epoch.arm_name(half), "curve")
for curve in curves:
    best_at = [min(range(n + 1), key=lambda at: curve[at]) for n in range(half)]
    stopped += any(n - at >= patience for n, at in enumerate(best_at))
print(
    f"stopped before the switch, with a patience of {patience} epochs: {stopped} of {len(curves)}"
)
luck = min(on_test["hard only"])
print(f"the luckiest baseline {luck:.1%}; the mean of {curriculum}: {means[curriculum]:.1%}")

# %% [markdown] slide="subslide"
# **What it means.** The switch at half beats hard only, and so does every arm with easy images: mixed in, last, or in
# between. Other orders are not told apart from the curriculum, and **union is better still**. More *different* hard
# images buy little with 4,000 images, as much with 10,000. With 4,000 images and 48 epochs, what helps is more and
# easier images; **their order** added nothing that could be measured.

# %% slide="skip"
gaps = {name: switch_epoch.against(grid_record, name) for name in on_test if name != "hard only"}
assert all(gap.high < 0 for name, gap in gaps.items() if name != "more hard")
assert gaps["more hard"].mean > max(gaps["union"].mean, gaps[curriculum].mean) + 0.02
assert switch_epoch.against(grid_record, curriculum, "union").low > 0  # union is better
for order in ("hard, then easy", "hard, easy, hard"):
    gap = switch_epoch.against(grid_record, curriculum, order)
    assert gap.low < 0 < gap.high  # the order is not told apart
assert fooled == "hard, then easy" and stopped == len(curves)

# %% [markdown] slide="slide"
# ## 3. EfficientTrain: low frequencies first
#
# So far a curriculum chose **which** examples a net sees. EfficientTrain (Wang et al., ICCV 2023, arXiv 2211.09703)
# shows all of them from the start and chooses **how much of each**: low frequencies first, details later. A small image
# holds all low frequencies, and small images are cheap.

# %% slide="fragment"
photos = splits_for(scale)  # photographs of clothes, 28 x 28 pixels
print(photos.train)

# %% [markdown] slide="subslide"
# ### An image is a sum of waves
#
# The Fourier transform says how much of each wave is in an image. Slow waves (the shape of a shirt) go to the middle of
# the **spectrum**, fast ones (stripes, edges) outwards. EfficientTrain keeps the central square, B × B numbers, and
# transforms these back: an image of B × B pixels.

# %% slide="fragment"
shirt = photos.validation.images[photos.validation.labels == photos.train.classes.index("Shirt")]
shirt = shirt[shirt.diff(dim=2).abs().mean(dim=(1, 2, 3)).argmax()][None]  # the most striped one
spectrum = torch.fft.fftshift(torch.fft.fft2(shirt), dim=(-2, -1))
strength = (1 + spectrum.abs()).log()
strength = strength / strength.max()

# %% slide="subslide" tags=["hide-input"]
bands = (28, 14, 8)
spectra, small_images = [], []
for band in bands:
    first, last = 14 - band // 2, 14 + band // 2
    dimmed = strength / 4
    dimmed[..., first:last, first:last] = strength[..., first:last, first:last]
    spectra.append(dimmed)
    small_images.append(low_frequency_crop(shirt, band).clamp(0, 1))
captions = [f"spectrum, {band} × {band} kept" for band in bands]
captions += [f"{band} × {band} pixels" for band in bands]
figures.show(
    figures.image_grid(
        torch.cat([F.interpolate(picture, size=224) for picture in (*spectra, *small_images)]),
        captions,
        columns=3,
        title="The middle of the spectrum is a smaller image",
        note="One validation image of Fashion-MNIST, and the logarithm of its spectrum; what is dropped is dimmed.",
    )
)

# %% [markdown] slide="subslide"
# ### Four lines, two ways to get them wrong
#
# The transform puts frequency 0 into a *corner*; `fftshift` brings it to the middle. And the inverse transform divides
# by the number of pixels, which has become smaller.


# %% slide="fragment"
def crop_by_hand(images, band, shift=True, factor=True):
    """Crop the spectrum; each switch leaves one step out."""
    waves = torch.fft.fft2(images)
    if shift:
        waves = torch.fft.fftshift(waves, dim=(-2, -1))
    first = images.shape[-1] // 2 - band // 2 if shift else 0
    kept = waves[..., first : first + band, first : first + band]
    if shift:
        kept = torch.fft.ifftshift(kept, dim=(-2, -1))
    return torch.fft.ifft2(kept).real * ((band / images.shape[-1]) ** 2 if factor else 1)


# %% slide="subslide"
batch = photos.validation.images[:500]
right = low_frequency_crop(batch, 14)
torch.testing.assert_close(crop_by_hand(batch, 14), right)

wrong = {
    "no fftshift": crop_by_hand(batch, 14, shift=False),
    "no factor": crop_by_hand(batch, 14, factor=False),
}
for name, images in {"right": right, **wrong}.items():
    error = (images - right).norm() / right.norm()
    print(f"{name:12s} mean × {images.mean() / batch.mean():.2f}, off by {error:.0%}")

# %% slide="skip"
brighter = (wrong["no factor"].mean() / batch.mean()).item()
assert abs(brighter - (28 / 14) ** 2) < 1e-3  # exactly (H / B) ** 2
same_mean = (wrong["no fftshift"].mean() / batch.mean()).item()
assert abs(same_mean - 1) < 1e-3 and (wrong["no fftshift"] - right).norm() > 0.3 * right.norm()

# %% slide="subslide" tags=["hide-input"]
pictures = [shirt, low_frequency_crop(shirt, 14), crop_by_hand(shirt, 14, shift=False)]
pictures.append(crop_by_hand(shirt, 14, factor=False))
figures.show(
    figures.image_grid(
        torch.cat([F.interpolate(picture.clamp(0, 1), size=28) for picture in pictures]),
        ["the image", "14 × 14, right", *wrong],
        title="Both mistakes still give a 14 × 14 image",
        note="The shirt from before; values outside [0, 1] are cut off.",
    )
)

# %% [markdown] slide="fragment"
# Without the shift, the kept corner holds frequencies 0 to 13 and none of their partners with a minus: slow and fast
# waves mixed. **The mean is right all the same**, so a check of the mean finds only the missing factor.

# %% [markdown] slide="subslide"
# ### What is saved?
#
# A convolution works on every position, so a small image costs less. Two shortcuts look similar and are not: resizing
# the crop **back** to 28 × 28, and cutting the middle out of the **image**.

# %% slide="fragment" tags=["hide-input"]
middle = measures.centre(batch, 14)
ways = {
    "whole image": batch,
    "14 × 14 low frequencies": right,
    "the same, resized back to 28 × 28": F.interpolate(right, size=28, mode="bilinear"),
    "14 × 14 pixels cut out of the middle": middle,
}
macs = {name: count_macs(small_cnn(), images.shape[1:]) for name, images in ways.items()}
show_table([{"the net sees": name, "MACs of an image": count} for name, count in macs.items()])
lost = 1 - (middle.sum() / batch.sum()).item()
print(f"the cut loses {lost:.0%} of the brightness: all that lies at the border")
assert macs["the same, resized back to 28 × 28"] == macs["whole image"]
assert macs["14 × 14 low frequencies"] < macs["whole image"] / 3 and lost > 0.2

# %% [markdown] slide="subslide"
# ### A schedule, and what it costs
#
# The paper trains three fifths of its epochs at 160 of 224 pixels, a fifth at 192, a fifth on whole images. Our 20, 24
# and 28 are the same fractions. What is equal **compute**: MACs × images × epochs, times 3 for forward and backward,
# which cancels.

# %% slide="fragment"
arms = efficient_train.ARMS
plan = arms["20, 24, 28"].plan(10)
fair = measures.epochs_for(arms["20, 24, 28"].plan, cost=10)
print("10 epochs:", plan)
print(f"cost as much as {measures.full_epochs(plan):.2f} epochs of whole images")
print(f"for the compute of 10 whole epochs it may train {fair} epochs")
assert measures.full_epochs(plan) < 8 and fair > 13

# %% [markdown] slide="fragment"
# **Ten epochs against ten epochs is no fair question:** one of the two has paid a third less. Ours: the same compute.
# All nets are judged on *whole* images; the learning rate is the one that suits whole images best.

# %% slide="fragment" tags=["hide-input"]
predict(
    "curriculum_equal_compute",
    f"The compute of 5 epochs of whole images, on {len(photos.train):,} photographs. The paper's schedule gets 8 cheaper "
    "epochs for it. Which net is right more often, on whole validation images?",
    choices=["the schedule, clearly", "about the same", "whole images, clearly"],
)

# %% [markdown] slide="subslide"
# Live: one seed, five epochs of whole images against the schedule at the same compute.

# %% slide="fragment"
photo_record = load_record("efficient_train")
photo_runs, rate = {}, photo_record.config["rate"]  # chosen on validation, for whole images
for name in ("full size", "20, 24, 28"):
    affordable = measures.epochs_for(arms[name].plan, cost=5)
    net, photo_runs[name] = efficient_train.train_arm(
        arms[name], affordable, 0, rate, photos, device
    )
    spent = measures.full_epochs(arms[name].plan(affordable))
    share_right = photo_runs[name].final.val_accuracy
    print(f"{name:12s} {affordable} epochs, cost {spent:.2f}, {share_right:.1%} right")
assert min(history.final.val_accuracy for history in photo_runs.values()) > 0.7

# %% [markdown] slide="subslide"
# One run says little. The record has several seeds and budgets, and runs that were *finished* at each of them: a point
# in the middle of a longer run is no run that ends there, because the learning rate is still high.


# %% slide="fragment" tags=["hide-input"]
def accuracies(arm, cost, question="equal compute", part="validation"):
    """Return the accuracy of each seed."""
    return [row[part] for row in of_arm(photo_record, arm, cost, question)]


def plus_minus(values, unit="%"):
    """Return mean ± standard deviation of fractions, in percent or in points."""
    mean, spread = mean_and_spread([100 * value for value in values])
    sign = "+" if unit == "points" else ""
    return f"{mean:{sign}z.1f} ± {spread:.1f} {unit}"


def gains(arm, cost, over="full size", question="equal compute"):
    """Return by how much an arm is better than another, seed by seed."""
    pairs = zip(accuracies(arm, cost, question), accuracies(over, cost), strict=True)
    return [one - other for one, other in pairs]


costs = photo_record.config["costs"]

# %% slide="subslide" tags=["hide-input"]
giga = {cost: of_arm(photo_record, "full size", cost)[0]["macs"] / 1e9 for cost in costs}
finished = {
    arm: [list(run) for run in zip(*(accuracies(arm, cost) for cost in costs), strict=True)]
    for arm in ("full size", "20, 24, 28")
}
figures.show(
    figures.curves(
        list(giga.values()),
        finished,
        title="At equal compute, the schedule is at best level with whole images",
        x_label="Training compute, 10⁹ MACs (forward and backward)",
        y_label="Validation accuracy",
        log_x=True,
        note=f"Each point: finished runs; no schedule got less compute than whole images. Recorded: {tag(photo_record)}.",
    )
)

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
at_five = gains("20, 24, 28", costs[0])
gained, spread = mean_and_spread(at_five)
clear = "the schedule, clearly" if gained > 0 else "whole images, clearly"
reveal(
    "curriculum_equal_compute",
    clear if abs(gained) > spread else "about the same",
    f"Schedule minus whole images, in the same seed: {plus_minus(at_five, 'points')} at {costs[0]} epochs' worth of compute, "
    f"{plus_minus(gains('20, 24, 28', costs[-1]), 'points')} at {costs[-1]}.",
)

# %% [markdown] slide="subslide"
# ### Epochs are not compute
#
# The same nets at **equal epochs** and at **equal compute**:

# %% slide="fragment" tags=["hide-input"]
ten = costs[1]
asked = [("full size", "equal compute"), ("20, 24, 28", "equal epochs")]
asked += [("20, 24, 28", "equal compute"), ("14, 20, 28", "equal compute")]
lines = []
for arm, question in asked:
    first = of_arm(photo_record, arm, ten, question)[0]
    lines.append(
        {
            "sizes": arm,
            "question": question if arm != "full size" else "both",
            "epochs": first["epochs"],
            "cost in MACs": f"{first['full_epochs']:.1f}",
            "cost in time": f"{clock_after(photo_record, first)[-1]:.1f}",
            "validation": plus_minus(accuracies(arm, ten, question)),
        }
    )
show_table(lines)
print(f"costs in epochs of whole images. Recorded: {tag(photo_record)}")

# %% [markdown] slide="subslide"
# ### MACs are not seconds
#
# A step has costs that no MAC counts: the Fourier transform, the optimiser, the loop itself. Timed in turns, in one
# run:

# %% slide="fragment" tags=["hide-input"]
timed = [
    row for row in photo_record.rows if row["kind"] == "step" and row["shrink"] == "low frequencies"
]
show_table(
    [
        {
            "size": f"{row['side']} × {row['side']}",
            "MACs of a step": f"{100 * row['macs_ratio']:.0f} %",
            "time of a step": f"{100 * row['ratio']:.0f} %",
            "of it, the transform": f"{100 * row['shrink_ratio']:.0f} %",
        }
        for row in timed
    ]
)
print(f"100 %: a step on whole images. Recorded: {tag(photo_record)}")
load = photo_record.config["load_at_start_and_at_timing"][1]
print(f"timed at a load of {load:.1f} on {photo_record.hardware['cores']} cores")
assert all(row["ratio"] > row["macs_ratio"] for row in timed)

# %% slide="subslide" tags=["hide-input"]
places = torch.linspace(1, 1.3 * costs[1], 40).tolist()
figures.show(
    figures.curves(
        places,
        {
            arm: validation_over(photo_record, arm, costs[1], places, clock_after)
            for arm in ("full size", "20, 24, 28")
        },
        title=f"By the clock, with the MACs of {costs[1]} epochs: whole images are ahead throughout",
        x_label="Training time, in epochs of whole images",
        y_label="Validation accuracy, whole images",
        y_range=(0.5, 0.93),
        note=f"Runs of the same MACs; time from steps timed in turns. Recorded: {tag(photo_record)}.",
    )
)

# %% [markdown] slide="subslide"
# ### Is it the spectrum? Is it the order?
#
# Three controls at the smallest budget, for the bolder schedule 14, 20, 28: the same sizes by **averaging areas**
# instead of cropping the spectrum; the same epochs in **another order**; and **one small size** to the end.

# %% slide="fragment" tags=["hide-input"]
five = costs[0]
show_table(
    [
        {
            "sizes": arm,
            "epochs": of_arm(photo_record, arm, five)[0]["epochs"],
            "validation, whole images": plus_minus(accuracies(arm, five)),
        }
        for arm in arms
    ]
)
print(f"compute of {five} epochs of whole images each. Recorded: {tag(photo_record)}")

# %% [markdown] slide="subslide"
# ### Are low frequencies learned first?
#
# That is what the paper's idea rests on. Train on **whole** images, and ask after each epoch about validation images
# without their high frequencies (28 × 28 pixels, only the central square of the spectrum).

# %% slide="fragment" tags=["hide-input"]
probed = [row for row in photo_record.rows if row["kind"] == "low pass"]
epochs_seen = list(range(1, five + 1))
by_band = {
    f"{band} × {band}": [
        [row["accuracy"] for row in probed if (row["bandwidth"], row["seed"]) == (band, seed)]
        for seed in photo_record.seeds
    ]
    for band in efficient_train.BANDS
}
figures.show(
    figures.curves(
        epochs_seen,
        by_band,
        title="Trained on whole images: what is right by the low frequencies alone",
        x_label="Epochs on whole images",
        y_label="Validation accuracy",
        note=f"By the frequencies that are left in the image. Recorded: {tag(photo_record)}.",
    )
)

# %% slide="skip"
after = {
    band: [torch.tensor(right_over)[:, epoch].mean() for epoch in (0, -1)]
    for band, right_over in by_band.items()
}
share = {band: (first / last).item() for band, (first, last) in after.items()}
assert share["28 × 28"] > max(share["10 × 10"], share["14 × 14"])
assert sum(accuracies("always 14", five)) < sum(accuracies("20, 14, 28", five)) - 0.5
assert max(accuracies("20, 14, 28", five)) < min(accuracies("14, 20, 28", five))
assert min(gains("14, 20, 28", five, over="14, 20, 28 by area")) > 0

# %% [markdown] slide="fragment"
# By this measure they are **not** first: after one epoch whole images are nearer to their final accuracy than
# low-passed ones. Among the controls the crop beats averaging, small-to-large beats the other order, and a net that
# never saw whole images fails on them.

# %% slide="subslide"
for cost in costs:
    print(
        f"cost {cost:>2}: schedule minus whole images {plus_minus(gains('20, 24, 28', cost), 'points')}"
    )
same_epochs = gains("20, 24, 28", ten, question="equal epochs")
print(f"{ten} epochs each: {plus_minus(same_epochs, 'points')}, at two thirds of the MACs")
by_area = gains("14, 20, 28", five, over="14, 20, 28 by area")
print(f"14, 20, 28: low frequencies minus areas {plus_minus(by_area, 'points')}")

# %% slide="skip"
behind = [mean_and_spread(gains("20, 24, 28", cost))[0] for cost in costs]
assert max(behind[:-1]) < 0 and abs(behind[-1]) < 0.005 and behind[1] == min(behind)
assert max(accuracies("14, 20, 28", ten)) < min(accuracies("full size", ten))

# %% [markdown] slide="subslide"
# ### What you saw, and what it means
#
# At equal compute the schedule is behind whole images on the three smaller budgets, clearly so on one, and level with
# them on the largest; the bolder one is behind wherever it was tried. At equal epochs it pays a third less and is less
# accurate: **cheaper and worse is no saving until something equal has been held fixed.**

# %% [markdown] slide="fragment"
# So the paper's gain **does not reproduce at this size**: 1.5 to 3 times less training time without loss on ImageNet,
# about a fifth of it from the first step alone. The README of its code has DeiT-T 72.5 → 74.4 %, DeiT-S 80.3 → 81.3 %.

# %% [markdown] slide="subslide"
# Much differs: 224 pixels instead of 28, hundreds of epochs, and RandAugment that grows with the stages, the second
# half of EfficientTrain, which is **not done here**. Nor was the learning rate tuned for the schedule; it falls along a
# cosine over the epochs, so whole images come when little is left of it. Which of these matters was not tested.

# %% [markdown] slide="slide"
# ## 4. How many levels, and what is easy?
#
# Two sets are two levels, made by hand. Now give each *example* a **difficulty**, sort by it, and let the pool in use
# grow from the easiest on. Then there are two choices (Hacohen and Weinshall, ICML 2019, abstract): the **score** that
# sorts, and the **pace** at which the pool grows.

# %% [markdown] slide="subslide"
# ### Who says what is easy?
#
# - **A rule:** somebody who knows the task. Here `elongation`: 0 for squares, circles and equilateral triangles.
# - **The net's own loss:** train such a net before; what surprises it is hard.
# - **Another net's loss:** the same, by transfer from another kind of net.
#
# A rule is free. The other two need a trained net before the first step.

# %% slide="fragment"
levels_record = load_record("difficulty_levels")
setting = levels_record.config
pool_config = TrainConfig(setting["epochs"], setting["batch_size"], setting["learning_rate"])
seed_everything(0)
own = difficulty_levels.build(task)  # three hidden layers
fit(own, task.hard, task.validation, pool_config, device=device)
scores = {"rule": elongation(task.hard.images), "own loss": loss_difficulty(own, task.hard)}

# %% slide="fragment" tags=["hide-input"]
predict(
    "curriculum_same_order",
    "Sort the hard set by the rule, and by the loss of this net. How far do the two orders agree? As a rank "
    "correlation: 1 the same order, 0 unrelated, −1 opposite.",
    low=-1,
    high=1,
)


# %% slide="subslide" tags=["hide-input"]
def show_ends(name, title):
    """Show the easiest and the hardest images by one score, six of each."""
    order = scores[name].argsort(stable=True)
    shown = torch.cat([order[:6], order[-6:]])
    figures.show(
        figures.image_grid(
            task.hard.images[shown],
            [classes[k] for k in task.hard.labels[shown].tolist()],
            columns=6,
            title=title,
            note="The six easiest of the hard set above, the six hardest below. Illustrative stand-in: drawn shapes.",
        )
    )


show_ends("rule", "By rule: regular shapes are easy, drawn out ones are hard")

# %% slide="subslide" tags=["hide-input"]
show_ends("own loss", "By the net's own loss: the easiest are large ellipses")
by_loss = scores["own loss"].argsort()
ground = task.hard.images[:, :, :1, :1]
area = ((task.hard.images - ground).abs() > 0.2).sum(dim=(1, 2, 3))  # in pixels
assert area[by_loss[:6]].sum() > 1.5 * area[by_loss[-6:]].sum()
assert (task.hard.labels[by_loss[:6]] == classes.index("ellipse")).sum() >= 4

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
facts = [row for row in levels_record.rows if row["arm"] == "all at once"]  # one for each seed
agreement = spearmanr(scores["rule"], scores["own loss"]).statistic
recorded_pairs = mean_and_spread([row["agreement"]["rule"] for row in facts])
reveal(
    "curriculum_same_order",
    round(agreement, 2),
    f"Hardly. Over {len(facts)} nets: {recorded_pairs[0]:.2f} ± {recorded_pairs[1]:.2f}.",
)
assert abs(agreement) < 0.25

# %% [markdown] slide="subslide"
# ### Is the loss a whim of one net, then?
#
# Compare with other nets. And ask the net itself about the rule: are its validation errors rarer among the shapes that
# the rule calls easy?

# %% slide="fragment" tags=["hide-input"]
compared = {
    "the rule": "rule",
    "another net's loss: a conv net": "other net's loss",
    "the loss of the same net from another seed": "another seed's loss",
}
lines = []
for title, name in compared.items():
    mean, spread = mean_and_spread([row["agreement"][name] for row in facts])
    lines.append({"the own loss against": title, "rank correlation": f"{mean:.2f} ± {spread:.2f}"})
show_table(lines)
print("Recorded:", tag(levels_record))

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.curves(
        range(1, 6),
        {"three hidden layers": [row["error_by_elongation"] for row in facts]},
        title="What the rule calls hard is only a little harder for the net",
        x_label="Fifth of the validation images, from the least to the most drawn out",
        y_label="Validation error",
        references={"guessing": 2 / 3},
        y_range=(0, 0.75),
        note=f"Illustrative stand-in: drawn shapes. Recorded: {tag(levels_record)}.",
    )
)
by_fifth = torch.tensor([row["error_by_elongation"] for row in facts]).mean(dim=0)
assert 0 < by_fifth[-1] - by_fifth[0] < 0.1

# %% [markdown] slide="subslide"
# The loss is no whim: nets of one kind agree on it. They find other things hard than the rule says. Which? Count the
# classes among the easiest fifth.

# %% slide="fragment" tags=["hide-input"]
named = ("rule", "own loss", "other net's loss", "own loss within classes")
easiest = {name: torch.tensor([row["easiest_fifth"][name] for row in facts]) for name in named}
show_table(
    [
        {
            "score": name,
            **{k: f"{100 * share:.0f} %" for k, share in zip(classes, mean, strict=True)},
        }
        for name, mean in ((name, shares.mean(dim=0).tolist()) for name, shares in easiest.items())
    ]
)
print("Mean shares of the classes in the easiest fifth. Recorded:", tag(levels_record))
assert easiest["own loss"].mean(dim=0).min() < 0.1 < 0.25 < easiest["rule"].mean(dim=0).min()

# %% [markdown] slide="fragment"
# The loss sorts by *class*. A pool by loss begins without rectangles: it changes the labels that a net sees, not only
# how hard they are. `within_classes` ranks each class by itself and takes the two apart.

# %% [markdown] slide="subslide"
# ### Which pool when
#
# A **pace** says which share of the sorted images is in use. `levels_pacing` grows in equal jumps; until the pool is
# full, half of the images are in use on average, however many levels. So if two numbers of levels differ, it is the
# jumps, not how many images a net has seen.

# %% slide="subslide" tags=["hide-input"]
epochs, full_at, many = setting["epochs"], setting["full_at"], setting["levels"]
moments = range(20 * epochs)  # finer than epochs, to draw the jumps
paces = {
    f"{levels} levels": [levels_pacing(m, len(moments), levels, full_at) for m in moments]
    for levels in many[:2]
}
paces["linear"] = [pacing(m, len(moments), 1 / many[1], full_at) for m in moments]
paces["root"] = [root_pacing(m, len(moments), 1 / many[1], full_at) for m in moments]
figures.show(
    figures.curves(
        [m / 20 for m in moments],
        paces,
        title="Paces: when is which share of the sorted images in use?",
        x_label="Epoch",
        y_label="Share of the images in use",
        y_range=(0, 1.05),
        note="Computed: the paces of this kit.",
    )
)
growing = {name: sum(pace[: int(full_at * len(pace))]) for name, pace in paces.items()}
assert abs(growing["2 levels"] - growing["5 levels"]) < 1e-6 * growing["2 levels"]

# %% [markdown] slide="subslide"
# `curriculum_batches` draws each batch from the pool of its moment. `paced` does the same by epochs, as the `train` of
# our loop: **every epoch is as long as the whole set**, and fewer images are shown more often. So steps never differ.


# %% slide="fragment"
def five_levels(step):
    """Return the share in use at one of 100 steps."""
    return levels_pacing(step, total_steps=100, levels=5, full_at=full_at)


batches = curriculum_batches(scores["rule"], five_levels, batch_size=50, total_steps=100, seed=0)
hardest = [scores["rule"][batch].max().item() for batch in batches]
for step in (0, 15, 25, 99):
    print(f"step {step:>2}: the most drawn out shape has elongation {hardest[step]:.2f}")
assert hardest[0] < hardest[15] < hardest[25] < hardest[99]

# %% [markdown] slide="subslide"
# ### Live: five orders, one run each
#
# Five nets with the same first weights, as many steps each, five levels. **Hard first**, also called anti-curriculum,
# turns a score round. **Random** has the same pace and no order.

# %% slide="fragment" tags=["hide-input"]
predict(
    "curriculum_which_easy",
    "After the last step, averaged over the record's seeds: which order has the lowest validation error?",
    choices=[
        "all at once",
        "easy first by rule",
        "easy first by own loss",
        "random order, growing pool",
    ],
)

# %% slide="subslide"
scores["random"] = shuffled(scores["rule"], seed=0)
orders = {"easy first, rule": Arm("rule", 5), "easy first, own loss": Arm("own loss", 5)}
orders["hard first, own loss"] = Arm("own loss", 5, hard_first=True)
orders["random, growing pool"] = Arm("random", 5)
trains = [difficulty_levels.train_of(arm, task.hard, scores, epochs, 0) for arm in orders.values()]
five_runs = fit_replicates(
    lambda: difficulty_levels.build(task), [task.hard, *trains], task.validation, pool_config, [0] * 5,
    device=device,
)  # fmt: skip

# %% slide="subslide" tags=["hide-input"]
over_time = {
    name: [1 - epoch.val_accuracy for epoch in history.epochs]
    for name, history in zip(["all at once", *orders], five_runs.histories, strict=True)
}
figures.show(
    figures.curves(
        range(1, epochs + 1),
        over_time,
        title="The order shows while the pool grows, and hardly afterwards",
        x_label="Epochs (all take the same steps)",
        y_label="Validation error",
        references={"guessing": 2 / 3},
        marks={"all images in use": full_at * epochs},
        note="Illustrative stand-in: drawn shapes, one run of each order.",
    )
)
early = int(full_at * epochs) // 2 - 1
assert over_time["hard first, own loss"][early] > max(0.6, over_time["all at once"][early] + 0.1)
assert (
    max(over[-1] for over in over_time.values()) - min(over[-1] for over in over_time.values())
    < 0.05
)

# %% [markdown] slide="fragment"
# A net that gets only what such a net fails at does no better than guessing for a while: it learns what is true of the
# exceptions. Then all images come, and the curves run together. What is left at the end is too small for one run to
# tell.

# %% [markdown] slide="subslide"
# ### Live: scrub through the training
#
# Four runs of the same net on the hard set, sorted by the rule, with the same first weights and as many steps each.
# The pool grows from the easiest tenth on, from the hardest, or in random order; or all is in use from the start.
# Everything is recorded epoch by epoch, so that you can move through time.

# %% slide="fragment"
ease, validation_ease = elongation(task.hard.images), elongation(task.validation.images)
recorded = TrainConfig(epochs=12, batch_size=50, learning_rate=0.05)


def grow(epoch):
    return pacing(epoch, recorded.epochs, start_fraction=0.1, full_at=0.7)


def watched(order, pace=grow):
    return trace_training(
        lambda: mlp((100, 100, 100), (1, 32, 32), 3), task.hard, task.validation, recorded,
        ease, validation_ease, pace, order=order, device=device, progress=False,
    )  # fmt: skip


# %% slide="fragment"
traces = {
    "easiest first": watched(ease),
    "hardest first": watched(-ease),
    "random order": watched(shuffled(ease)),
    "all from the start": watched(ease, lambda epoch: 1.0),
}

# %% slide="fragment" tags=["hide-input"]
predict(
    "curriculum_scrubber",
    "A net begins with the most drawn out shapes, and regular ones come in later. While its pool grows: on which half "
    "of the validation images does it make fewer errors?",
    choices=["the easier half", "the harder half", "no difference"],
)

# %% slide="subslide"
scrubber = CurriculumScrubber(traces, epoch=4)
scrubber

# %% [markdown] slide="subslide"
# A frame: in the pool. A disc: the net is right; a cross: wrong. **Move** the time, or **Play**; then choose another
# order *at the same time*. **Look for**:
#
# 1. From which end do the frames come, in each order?
# 2. At epochs 2 to 8: which of the two errors is lower for *easiest first*, which for *hardest first*?
# 3. Pictures outside the pool: does the net get some right that it never saw?
# 4. From epoch 9 on all is in use. How far do the four rows still differ?

# %% [markdown] slide="fragment"
# **It must show:** while the pool grows, each net is better at what its pool holds, and already right on many pictures
# outside it. Once all is in use the errors of the four runs come close.

# %% slide="subslide" tags=["hide-input"]
growing = [t for t in range(1, len(traces["easiest first"])) if grow(t) < 1]
halves = {
    name: [
        (trace.easy_error[at].mean().item(), trace.hard_error[at].mean().item())
        for at in (growing, [-1])
    ]
    for name, trace in traces.items()
}
show_table(
    [
        {
            "order": name,
            "pool grows: easier half": f"{during[0]:.3f}",
            "harder half": f"{during[1]:.3f}",
            "at the end: easier": f"{end[0]:.3f}",
            "harder": f"{end[1]:.3f}",
            "both": f"{sum(end) / 2:.3f}",
        }
        for name, (during, end) in halves.items()
    ]
)
print("Validation errors of one run of each. Illustrative stand-in: drawn shapes.")

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
more = {name: during[1] - during[0] for name, (during, _) in halves.items()}  # on the harder half
at_end = [sum(end) / 2 for _, end in halves.values()]
reveal(
    "curriculum_scrubber",
    "the harder half" if more["hardest first"] < 0 else "the easier half",
    f"Error on the harder half minus the easier: {100 * more['hardest first']:+.1f} points with the hardest first, "
    f"{100 * more['easiest first']:+.1f} with the easiest first.",
)
unseen = [
    trace.right[t][~trace.in_pool[t]].float().mean().item()
    for name, trace in traces.items()
    for t in growing
    if name != "all from the start"
]
print(f"right on pictures outside the pool: {sum(unseen) / len(unseen):.0%}, guessing gives 33%")
assert sum(unseen) / len(unseen) > 0.42
assert more["easiest first"] > more["hardest first"] + 0.03
assert max(at_end) - min(at_end) < 0.05

# %% [markdown] slide="fragment"
# The order moves the errors from one kind of image to another: what came first is learned a little better. How many
# errors there are in the end it hardly changes here. One run of each cannot tell a difference that small; the record
# can.

# %% [markdown] slide="subslide"
# ### The record: three scores, three numbers of levels
#
# All nets of one seed begin alike, so look at **differences** to "all at once", seed by seed, in points of validation
# error: negative is better. The learning rate was chosen for "all at once". In the last column the pool grows in every
# epoch until it is full. Medians, as one net that ends at guessing would decide a mean.

# %% slide="fragment" tags=["hide-input"]
by_score = {
    "rule": "easy first, by rule",
    "own loss": "easy first, by own loss",
    "other net's loss": "easy first, by another net",
    "random": "random order, same pace",
}


def paired_points(arm, against):
    """Return the paired differences of two arms, in points of validation error."""
    return [100 * difference for difference in differences(levels_record, arm, against)]


medians = torch.tensor(
    [[paired_points(Arm(score, n).name, BASELINE) for n in many] for score in by_score]
).quantile(0.5, dim=2)  # over seeds

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.heat_map(
        medians.numpy().round(1) + 0.0,
        list(by_score.values()),
        [str(n) for n in many],
        title="Easy first by rule gains most, in few levels as in many",
        row_label="Order",
        column_label="Levels",
        value_label="Points against all at once",
        decimals=1,
        note=f"Points of validation error, medians over seeds. Illustrative stand-in: drawn shapes. Recorded: "
        f"{tag(levels_record)}.",
    )
)
lost = [row for row in levels_record.rows if row["validation_error"] > 0.6]
print("nets that ended at guessing:", [(row["arm"], row["seed"]) for row in lost])

# %% slide="skip"
rule, own_loss, others, no_order = medians
assert (rule < torch.stack([own_loss, others, no_order])).all()
assert (no_order < others).all() and (no_order < own_loss)[1:].all()
assert rule.max() - rule.min() < 0.4  # the number of levels hardly matters
assert {row["arm"] for row in lost} <= {Arm("own loss", many[2]).name}

# %% [markdown] slide="subslide"
# ### Was it the order, or the pace?
#
# A growing pool without any order also shows few images often and then all. So compare with **random** at the same
# pace, too. The 95 % intervals are for a mean difference over seeds.


# %% slide="fragment" tags=["hide-input"]
def compare(arm, against):
    """Return mean and 95 % interval of the paired differences of two arms, in points."""
    mean, _, low, high = mean_interval(paired_points(arm, against))
    return f"{mean:+z.1f} ({low:+z.1f} to {high:+z.1f})"


at_five_levels = {
    "easy first, by rule": "rule, 5 levels",
    "easy first, by own loss": "own loss, 5 levels",
    "the same, ranked within classes": "own loss within classes, 5 levels",
    "easy first, by another net": "other net's loss, 5 levels",
    "hard first, by rule": "rule, 5 levels, hard first",
    "hard first, by own loss": "own loss, 5 levels, hard first",
    "hard first, by another net": "other net's loss, 5 levels, hard first",
    "random order": "random, 5 levels",
}
show_table(
    [
        {
            "order, 5 levels": title,
            "minus all at once": compare(arm, BASELINE),
            "minus random order": compare(arm, at_five_levels["random order"])
            if "random" not in arm
            else "",
        }
        for title, arm in at_five_levels.items()
    ]
)
print("Points of validation error, mean (95 % interval). Recorded:", tag(levels_record))

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
by_choice = {
    "all at once": BASELINE,
    "easy first by rule": at_five_levels["easy first, by rule"],
    "easy first by own loss": at_five_levels["easy first, by own loss"],
    "random order, growing pool": at_five_levels["random order"],
}
final = {name: mean_and_spread(errors_of(levels_record, arm)) for name, arm in by_choice.items()}
reveal(
    "curriculum_which_easy",
    min(final, key=lambda name: final[name][0]),
    "; ".join(f"{name}: {100 * mean:.1f} ± {100 * sd:.1f} %" for name, (mean, sd) in final.items())
    + ".",
)

# %% slide="skip"
for n in many:
    assert mean_interval(paired_points(Arm("rule", n).name, BASELINE)).high < 0
    assert -1 < mean_and_spread(paired_points(Arm("rule", n).name, Arm("random", n).name))[0] < 0
    assert mean_and_spread(paired_points(Arm("random", n).name, BASELINE))[0] < 0
assert (
    mean_interval(
        paired_points(at_five_levels["easy first, by rule"], at_five_levels["random order"])
    ).high
    > 0
)
assert mean_interval(paired_points(at_five_levels["hard first, by rule"], BASELINE)).low > 0
for title in ("by own loss", "by another net"):
    assert (
        mean_interval(
            paired_points(at_five_levels[f"easy first, {title}"], at_five_levels["random order"])
        ).low
        > 0
    )
assert (
    mean_interval(
        paired_points(
            at_five_levels["the same, ranked within classes"], at_five_levels["random order"]
        )
    ).low
    > 0
)
assert mean_interval(paired_points(at_five_levels["hard first, by another net"], BASELINE)).high < 0

# %% [markdown] slide="subslide"
# ### What a score costs, and what else that buys
#
# The losses come from nets that were trained before the first step. The control spends those steps on the net itself:
# all at once, twice the steps. And **convergence**: after how many epochs is the error as low as "all at once" ends?

# %% slide="fragment" tags=["hide-input"]
whole = setting["epochs"] * setting["steps_an_epoch"] * setting["macs"]["own"]
before = {
    "own loss": setting["steps_of_scores"]["own loss"] * setting["macs"]["own"] / whole,
    "other net's loss": setting["steps_of_scores"]["other net's loss"]
    * setting["macs"]["other"]
    / whole,
}  # in MACs, as a share of one training
goal = mean_and_spread(errors_of(levels_record, BASELINE))[0]
lines = []
for title, arm in {
    "all at once": BASELINE,
    "the same, twice the steps": LONGER,
    **at_five_levels,
}.items():
    mean, spread = mean_and_spread([100 * error for error in errors_of(levels_record, arm)])
    needed = epochs_until(levels_record, arm, goal)
    price = next((cost for score, cost in before.items() if arm.startswith(score)), 0.0)
    lines.append(
        {
            "order": title,
            "error": f"{mean:.1f} ± {spread:.1f} %",
            "epochs until as low": str(needed or "never"),
            "MACs, of one training": f"{1 + price + (arm == LONGER):.1f}",
        }
    )
show_table(lines)
print("Validation error, mean ± sd. Recorded:", tag(levels_record))

# %% slide="skip"
largest_gain = min(
    mean_and_spread(paired_points(arm.name, BASELINE))[0]
    for arm in difficulty_levels.arms_of(epochs)
)
assert mean_and_spread(paired_points(LONGER, BASELINE))[0] < 2 * largest_gain < 0
assert epochs_until(levels_record, at_five_levels["easy first, by rule"], goal) < epochs_until(
    levels_record, BASELINE, goal
)
assert before["other net's loss"] > before["own loss"] == 1
assert max(row["other_net_error"] for row in facts) < goal / 2

# %% [markdown] slide="subslide"
# **What you saw.** Easy first *by rule* ends lower than all at once, and is there earlier, in two levels as in many;
# hard first by rule ends higher. But random order, too, ends a little lower: what is left for sorting is less than a
# point, and at five levels its interval holds zero. *By loss*, in five levels, easy first is worse than no order, and
# **hard** first by the conv net's loss ends lower than all at once.

# %% [markdown] slide="subslide"
# **What it means.** Which score and which pace matter less than the steps: whoever can pay for the training behind a
# loss gets far more from **twice the steps**, and whoever has that conv net has the better net already. Of so many
# intervals, some miss by chance.

# %% [markdown] slide="fragment"
# Not tried: other shares of the steps until the pool is full, a learning rate for each curriculum, training sets with
# wrong labels among the hard examples.

# %% [markdown] slide="slide"
# ## 5. A curriculum of synthetic images
#
# So far the easy images were there, or could be made from the hard ones. Often images are what is missing: of a few
# classes there are many, of many classes a few, a **long tail**. Could a generator draw the missing ones, the easy ones
# first?

# %% slide="fragment"
tail = long_tail_task.long_tail(seed=0)
sizes = [len(scenes) for scenes in tail.scenes]
names = [tail.real.classes[number] for number in tail.ranked]
print(tail.real)
print(dict(zip(names, sizes, strict=True)))

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.probability_bars(
        [size / max(sizes) for size in sizes],
        [f"{name}: {size:,} images" for name, size in zip(names, sizes, strict=True)],
        title="A long tail: counts fall by the same factor",
        x_label="Images, as a share of the largest class",
        note="Illustrative stand-in: drawn shapes, the training set of one seed.",
    )
)

# %% [markdown] slide="subslide"
# A shape here is squeezed or not, and that makes six classes. The test is balanced, so that each class counts alike.
# Groups: **many** (the first two classes), **medium**, **few** (the last two). Each seed moves the classes by one
# rank: over six seeds, each is rare once.

# %% [markdown] slide="subslide"
# ### Guidance: how close to a real image?
#
# Liang et al. (*Diffusion Curriculum*, arXiv 2410.13674, section 3.1) let a diffusion model start from a noisy *real*
# image. The **guidance level** λ (another kind of level than in section 4) is what is left of it: at 0 the text decides
# alone, at 1 the image comes back. Our stand-in blends every dial of the shape with a typical value.

# %% slide="fragment"
rare = tail.scenes[-1][:1]  # one real picture of the rarest class
lambdas = (0, 0.25, 0.5, 0.75, 1)
made = [guided_scenes(rare, level, seed) for seed in (3, 4, 5) for level in lambdas]
spectrum = long_tail_task.pictures(made, "spectrum")

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.image_grid(
        spectrum.images,
        [f"λ = {level:g}" for _ in range(3) for level in lambdas],
        columns=5,
        title="Three draws from one real picture: typical and diverse on the left, copies on the right",
        note="Illustrative stand-in: a generator that knows the truth about its shapes, in place of a diffusion model.",
    )
)

# %% slide="skip"
by_level = spectrum.images.reshape(3, 5, -1)  # draws, levels, pixels
spread = by_level.std(dim=0).mean(dim=1)
assert spread[0] > spread[2] > spread[4] == 0  # the closer to the real picture, the less diverse

# %% [markdown] slide="subslide"
# **Diverse or close, not both:** a low λ makes new, easy pictures that are unlike the real ones; at λ = 1 nothing is
# new, and filling up is plain **re-sampling**. The paper's curriculum for long tails goes from low to high, beside the
# real images.

# %% slide="fragment" tags=["hide-input"]
predict(
    "curriculum_long_tail",
    "The six classes are filled up to equal numbers, and every net takes the same steps. What helps the two rarest "
    "classes most?",
    choices=[
        "copies of their real images",
        "copies, turned, mirrored and inverted at random",
        "synthetic images, all levels mixed",
        "the same synthetic images, from low λ to high",
    ],
)

# %% [markdown] slide="subslide"
# ### Live: one seed
#
# The tail as it is; then filled up with synthetic images, all levels in every epoch; then the very same images, one
# level after the other.

# %% slide="fragment"
judged_by, _ = long_tail_task.judges()  # validation images; the others are not used here
one_seed = {}
for arm in ("as is", "all levels mixed", "low to high"):
    net, _ = long_tail.train_arm(arm, tail, judged_by, long_tail.config_of("class", 0), device)
    one_seed[arm] = long_tail_task.group_accuracy(net, judged_by, tail.ranked)
    print(f"{arm:<17}", ", ".join(f"{group} {value:.0%}" for group, value in one_seed[arm].items()))

# %% slide="fragment"
assert one_seed["as is"]["many"] > one_seed["as is"]["few"] + 0.4
assert (
    min(one_seed[arm]["few"] for arm in ("all levels mixed", "low to high"))
    > one_seed["as is"]["few"]
)

# %% [markdown] slide="subslide"
# One seed tells a tail from a filled-up one, and no order from another. So the record: six seeds, and for every idea
# the control that could explain it away.

# %% slide="fragment" tags=["hide-input"]
tail_record = load_record("long_tail")
tail_names = {
    "as is": "the tail as it is",
    "balanced softmax": "the tail, balanced softmax",
    "re-sampling": "copies (re-sampling, λ = 1)",
    "all levels mixed": "synthetic, all λ mixed",
    "low to high": "synthetic, λ low to high",
    "high to low": "synthetic, λ high to low",
    "random order": "synthetic, λ in random order",
    "adaptive": "synthetic, λ adaptive",
    "re-sampling, turned": "copies, turned",
    "all levels mixed, turned": "synthetic, all λ mixed, turned",
    "low to high, turned": "synthetic, λ low to high, turned",
}


# %% slide="subslide" tags=["hide-input"]
def tail_test(arm, group):
    """Return the test accuracies of an arm on a group of classes, one for each seed."""
    return long_tail.of_arm(tail_record, arm, group)


def tail_said(arm, group):
    """Write their mean ± standard deviation, in percent."""
    mean, spread = mean_and_spread([100 * value for value in tail_test(arm, group)])
    return f"{mean:.1f} ± {spread:.1f} %"


show_table(
    [
        {
            "filled up with": name,
            **{group: tail_said(arm, group) for group in long_tail_task.GROUPS},
        }
        for arm, name in tail_names.items()
    ]
)
print(f"Illustrative stand-in: {tail_record.config['test_images']:,} drawn test images.")
print(f"Recorded: {tag(tail_record)}")

# %% [markdown] slide="subslide"
# *Balanced softmax* adds the logarithm of the class counts to the logits in training, and needs no new image.
# *Turned*: every image by a multiple of 90°, mirrored, inverted, at random. *Adaptive*: a copy of the net practises on
# real images; the level that it then does better on is next (algorithm 2 of the paper).

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
choices = {
    "re-sampling": "copies of their real images",
    "re-sampling, turned": "copies, turned, mirrored and inverted at random",
    "all levels mixed": "synthetic images, all levels mixed",
    "low to high": "the same synthetic images, from low λ to high",
}
few = {arm: mean_and_spread(tail_test(arm, "few"))[0] for arm in choices}
reveal(
    "curriculum_long_tail",
    choices[max(few, key=few.get)],
    "Few, in this order: " + ", ".join(tail_said(arm, "few") for arm in choices) + ".",
)

# %% slide="subslide" tags=["hide-input"]
questions = {
    "more data: all λ mixed − copies": ("all levels mixed", "re-sampling"),
    "the order: low to high − mixed": ("low to high", "all levels mixed"),
    "the wrong order: high to low − mixed": ("high to low", "all levels mixed"),
    "plain augmentation: turned − copies": ("re-sampling, turned", "re-sampling"),
    "the order, all turned: low to high − mixed": (
        "low to high, turned",
        "all levels mixed, turned",
    ),
}
effects = {
    question: {
        group: long_tail.against(tail_record, *arms, group) for group in ("medium", "few", "all")
    }
    for question, arms in questions.items()
}
show_table(
    [
        {
            "what is gained by": question,
            **{
                f"{group}, points": f"{100 * gain.mean:+z.1f} ± {100 * (gain.high - gain.mean):.1f}"
                for group, gain in found.items()
            },
        }
        for question, found in effects.items()
    ]
)
print(f"Differences seed by seed, with 95 % intervals (Student's t). {tag(tail_record)}")

# %% slide="subslide" tags=["hide-input"]
fixed = [*(f"level {level:g} only" for level in lambdas[:-1]), "re-sampling"]
figures.show(
    figures.curves(
        lambdas,
        {
            group: list(zip(*(tail_test(arm, group) for arm in fixed), strict=True))
            for group in ("all", "few")
        },
        title="Neither typical pictures nor copies: levels between help more, all together most",
        x_label="The one guidance level λ in use (1 = copies)",
        y_label="Test accuracy",
        references={
            f"all λ mixed, {group}": mean_and_spread(tail_test("all levels mixed", group))[0]
            for group in ("all", "few")
        },
        note=f"Illustrative stand-in. Recorded: {tag(tail_record)}.",
    )
)


# %% slide="skip"
def unclear(question, group):
    """Say whether the interval holds 0: six seeds cannot tell."""
    return effects[question][group].low < 0 < effects[question][group].high


data, order, backwards, plainly, on_top = questions
assert effects[data]["few"][0] > 0.1 and not unclear(data, "few")
assert unclear(order, "few") and unclear(order, "all")
assert effects[order]["medium"][0] > 0 and not unclear(order, "medium")
assert effects[backwards]["few"][0] < 0 and not unclear(backwards, "few")
assert effects[backwards]["all"][0] < 0 and not unclear(backwards, "all")
assert effects[plainly]["few"][0] > effects[data]["few"][0] + 0.1
unturned = [arm for arm in tail_record.config["arms"] if "turned" not in arm]
for group in ("few", "all"):
    tail_means = [mean_and_spread(tail_test(arm, group))[0] for arm in unturned]
    assert mean_and_spread(tail_test("re-sampling, turned", group))[0] > max(tail_means) + 0.05
tail_means = [mean_and_spread(tail_test(arm, "all"))[0] for arm in [*fixed, "all levels mixed"]]
assert max(tail_means) == tail_means[-1] and max(tail_means[1:4]) > max(
    tail_means[0], tail_means[4]
)
rare_few, rare_many = (
    long_tail.against(tail_record, "balanced softmax", "all levels mixed", group)
    for group in ("few", "many")
)
assert rare_few.low < 0 < rare_few.high and rare_many.high < 0

# %% [markdown] slide="subslide"
# ### What you saw and what it means
#
# New pictures help the rare classes a lot. The **order** adds nothing to them that six seeds could tell; the middle
# classes gain a few points. The wrong order hurts: it ends, at small learning rates, on pictures unlike the test.
# Credit the data first, then the curriculum.

# %% [markdown] slide="fragment"
# Two cheap things are hard to beat. Copies turned, mirrored and inverted leave every synthetic arm that is not turned
# behind. And a loss that knows the counts helps the rarest classes about as much as synthetic pictures do, at the price
# of the frequent ones.

# %% [markdown] slide="subslide"
# ### The paper's own control
#
# Liang et al. have the same control in their table 1 (arXiv 2410.13674v4; ImageNet-LT, ResNet-10, accuracy in %,
# mean of 3 runs). Beside it stands a loss of 2020 that needs neither a curriculum nor a synthetic image.

# %% slide="fragment"
table_1 = {  # few, all: facts of the paper, not of this kit
    "the tail as it is": (4.40, 35.80),
    "synthetic, all λ at once": (19.17, 39.40),
    "synthetic, λ high to low": (18.36, 39.18),
    "synthetic, λ adaptive": (16.78, 38.65),
    "synthetic, λ low to high": (23.64, 39.82),
    "the tail, balanced softmax": (19.29, 39.80),
}
show_table(
    [
        {"ImageNet-LT": name, "few": f"{few:.2f}", "all": f"{both:.2f}"}
        for name, (few, both) in table_1.items()
    ]
)

# %% slide="fragment"
plain, at_once, ordered = (
    table_1[name][0]
    for name in ("the tail as it is", "synthetic, all λ at once", "synthetic, λ low to high")
)
print(f"few, low to high: {ordered - plain:+.1f} points, of which")
print(f"{at_once - plain:+.1f} with all levels at once, {ordered - at_once:+.1f} by the order")
for order_of_levels in ("high to low", "adaptive"):
    for group in ("few", "all"):
        gain = long_tail.against(tail_record, order_of_levels, "all levels mixed", group)
        assert gain.high < 0  # worse than all levels mixed here, too

# %% [markdown] slide="fragment"
# There the rare classes do gain by the order; here they did not. In both, high to low and adaptive are *below* all
# levels at once: an order has to be right to be better than none.

# %% [markdown] slide="subslide"
# ### What the stand-in can and cannot show
#
# It can show *how to ask*: which part is the data's, which the order's, which the loss's. It cannot say what a
# diffusion model would give: ours knows every class, so no picture is wrong. The paper threw away more than half of its
# 51,917 pictures for ImageNet-LT (table 5), by a score and before training.

# %% [markdown] slide="fragment"
# Whatever is filtered or chosen, a threshold, the levels, an order, is chosen on **validation** images. On photographs
# of wild animals (iWildCam) the paper reports +2.7 points out of distribution and +2.1 in it (abstract), there with the
# adaptive order.

# %% [markdown] slide="slide"
# ## 6. The test set, once; what this does not show
#
# Learning rates, dials and sizes were chosen on validation images. Now test images: sections 2 and 5 have shown some of
# their errors, and they chose nothing. For each kind of curriculum: what does it gain beyond the **control that has all
# but the curriculum**?

# %% slide="fragment" tags=["hide-input"]
half_way = switch_epoch.arm_name(grid_record.config["epochs"] // 2)
cost = photo_record.config["costs"][1]
five_by_rule = [
    -100 * gap for gap in differences(levels_record, "rule, 5 levels", "random, 5 levels", "test")
]
photo_pairs = zip(
    accuracies("20, 24, 28", cost, part="test"),
    accuracies("full size", cost, part="test"),
    strict=True,
)
beyond = {
    ("two stages, switch at half", "union: both sets mixed"): [
        100 * (mixed - staged)
        for mixed, staged in zip(
            switch_epoch.of_arm(grid_record, "union"),
            switch_epoch.of_arm(grid_record, half_way),
            strict=True,
        )
    ],
    ("growing pool, by rule, 5 levels", "random order, same pace"): five_by_rule,
    ("growing images, 20, 24, 28", "whole images, same MACs"): [
        100 * (grown - whole) for grown, whole in photo_pairs
    ],
    ("synthetic, low to high", "all levels mixed"): [
        100 * (ordered - mixed)
        for ordered, mixed in zip(
            long_tail.of_arm(tail_record, "low to high"),
            long_tail.of_arm(tail_record, "all levels mixed"),
            strict=True,
        )
    ],
}
gained = {pair: mean_interval(values) for pair, values in beyond.items()}
show_table(
    [
        {
            "curriculum": curriculum,
            "control": control,
            "seeds": len(beyond[curriculum, control]),
            "test accuracy, points": f"{gain.mean:+z.1f}",
            "95 % interval": f"{gain.low:+z.1f} to {gain.high:+z.1f}",
        }
        for (curriculum, control), gain in gained.items()
    ]
)
print("Differences seed by seed, from the records of sections 2 to 5.")

# %% slide="skip"
assert gained["two stages, switch at half", "union: both sets mixed"].high < 0.5
assert gained["growing images, 20, 24, 28", "whole images, same MACs"].high < 1
assert max(gain.mean for gain in gained.values()) < 1

# %% [markdown] slide="fragment"
# Against plain training three of the four looked like a gain. Against their controls little is left of it: half a point
# for the pool by rule (on validation its interval held zero), and union did better than two stages. Wu, Dyer and Neyshabur (ICLR 2021, abstract) found the same
# on photographs, over thousands of orderings, with two exceptions: a small budget of steps, and wrong labels.

# %% [markdown] slide="subslide"
# **This lecture does not show**
#
# - that order never helps: our nets are small, trained for minutes, and the fully connected ones had not converged,
# - what a curriculum does where labels are wrong, or where steps are few: the two exceptions above,
# - EfficientTrain as published: it grows the augmentation, too, on images of 224 pixels and for hundreds of epochs,
# - what a diffusion model draws: our generator knows the truth about its classes,
# - curricula over *tasks*, as in reinforcement learning, where early tasks make later ones reachable.

# %% [markdown] slide="slide"
# ## 7. Check yourself

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "A net that first sees an easy set, then a hard one, beats the same net trained on the hard set alone, with as many "
    "steps. Which control tells you whether it was the order?",
    {
        "the hard set alone, for twice the steps": (
            False,
            "It has still not seen the easy images. It tells whether steps were missing.",
        ),
        "both sets mixed from the first step on, with as many steps": (
            True,
            "It sees the same images as often, in no order. What the curriculum has beyond it is the order's.",
        ),
        "the easy set alone": (
            False,
            "It tells what easy images are worth on their own, and says nothing about which comes first.",
        ),
        "the best of 20 seeds of each": (
            False,
            "A best of many is mostly luck. Compare all runs, seed by seed, with their spread.",
        ),
    },
)

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "You choose the switch epoch by the error on easy validation images. What goes wrong?",
    {
        "nothing: a validation set only has to differ from the training set": (
            False,
            "It has to resemble what the net will be judged on as well, and that is the hard set.",
        ),
        "the choice leans to arms that are good at easy shapes, whatever they do on hard ones": (
            True,
            "The measure is another one than the goal. Hard, then easy ends its training on just these images.",
        ),
        "the error is too noisy to choose by": (
            False,
            "It is as noisy as with equally many hard images. It answers another question, however precisely.",
        ),
        "the test set has been used": (
            False,
            "No test image was looked at. The wrong images were.",
        ),
    },
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "A paper trains 300 epochs on images that grow from small to whole, and is as accurate as 300 epochs on whole images. "
    "What may it claim, and what is still open?",
    {
        "a better accuracy; nothing is open": (
            False,
            "The accuracies are equal. What differs is what they cost.",
        ),
        "nothing: small images are not the same images": (
            False,
            "What counts is judged on whole images, for both. How a net was trained is its own affair.",
        ),
        "the same accuracy for less compute; open is what whole images reach at that smaller compute": (
            True,
            "Equal epochs are not equal compute. Perhaps 200 epochs on whole images are as accurate as 300: "
            "then shorter training saved the compute, and the sizes had no part in it.",
        ),
        "the same accuracy in less time, by the same factor as the MACs": (
            False,
            "Seconds have to be measured: a step has costs that do not shrink with the image.",
        ),
    },
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "Sorted by a net's loss, with a pool that grows in five levels, a net ends one point below training on everything at "
    "once, with as many steps. You want to credit the sorting. What must it be compared with first?",
    {
        "the same pool sizes with the images dealt out at random": (
            True,
            "It shows few images often and then all, too. Only what sorting has beyond it comes from the order.",
        ),
        "everything at once, for twice the steps": (
            False,
            "That asks whether the steps of the net that computed the losses were well spent. A fair question about the "
            "price, but not about the order.",
        ),
        "hard first": (
            False,
            "If it is worse, order matters to someone who shows the hard ones first. Easy first may still be no better "
            "than no order.",
        ),
        "more levels": (
            False,
            "It asks how fine the pace should be, with the same score. Without the random order you do not know whether "
            "the score does anything.",
        ),
    },
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "A tail is filled up with synthetic images, from low guidance to high. The two rarest classes do far better than "
    "with copies of their real images. Which control says whether the order did it?",
    {
        "the real images alone, without any synthetic one": (
            False,
            "It differs in two things: no order, and no new images. What it loses may be the images' share.",
        ),
        "the same synthetic images, all levels mixed in every epoch": (
            True,
            "Same images, equally often, same steps: only the order is left to differ. The paper has it, too.",
        ),
        "high guidance to low": (
            False,
            "It shows that an order can hurt: it ends, at the smallest learning rates, on images unlike the test. "
            "That a wrong order is worse does not say that the right one beats none.",
        ),
        "the level that does best on the test set, throughout": (
            False,
            "Then the test set has chosen. And one level alone is other data, not another order of the same.",
        ),
        "λ = 1 all the time, which is the most guidance and so the most typical": (
            False,
            "The other way round: at λ = 1 an image is a copy of the real one; typical of the class is λ = 0.",
        ),
    },
)


# %% [markdown] slide="slide"
# ## What you can do now
#
# - **tell apart** faster, better and cheaper: errors over steps, errors at the end, MACs and seconds,
# - **train** with two stages, a pool that grows and images that grow: a function of the epoch for the same loop,
# - **choose the control**: the same images mixed, the same pace in random order, whole images for the same compute,
# - **count** compute where steps differ in price, and time where MACs do not tell,
# - **doubt** a score: who computed it, from what, and what else that would have bought.
#
# Assignment a4 asks you to write the schedule, the pace, a score, the batches and the crop yourself.

# %% [markdown] slide="subslide"
# ### Go further
#
# - Bengio et al. 2009: section 4 (a convex toy case, as in our section 1), section 5 (shapes).
# - Hacohen and Weinshall 2019: scores by transfer, paces in steps.
# - Wu, Dyer and Neyshabur, *When Do Curricula Work?*, ICLR 2021, arXiv 2012.03107: orders, paces and random controls.
# - Wang et al. 2023, arXiv 2211.09703, and EfficientTrain++, arXiv 2405.08768: stages of equal compute.
# - Liang et al. 2024, arXiv 2410.13674: section 3 (guidance), table 1 (their own controls).
#
# **One open experiment.** Give a third of the hard set wrong labels and train with a pool that grows by the net's own
# loss, within classes, and with a random order at the same pace. Is easy first better now? Predict first, and choose
# nothing on the test set.
