# %% [markdown] slide="slide"
# # 1. Softmax temperature
#
# **The question of this lecture:** what does a higher temperature bring out of a trained network, and where does
# that stop?
#
# You will be able to
#
# - **compute** a softmax with temperature that never overflows, and say what T does to its entropy,
# - **read** a network's view of the wrong classes from its probabilities at T = 1 and T = 5,
# - **predict** how the gradient of a soft loss shrinks with T, and mend it with a factor T²,
# - **test** the claim "a larger T carries more information" and say where it ends,
# - **calibrate** a network with one number, and doubt the result.

# %% [markdown] slide="skip"
# *You need:* Python, a little PyTorch, cross-entropy, lecture 00. *Computing:* about a minute on two CPU cores
# the first time, a few seconds after that.
#
# | Section | Minutes |
# |---|--:|
# | 1. Predict, then measure the baseline | 5 |
# | 2. From scores to probabilities | 6 |
# | 3. Temperature and entropy | 4 |
# | 4. Live: move T | 8 |
# | 5. What the network thinks of the wrong classes | 6 |
# | 6. Gradients over T | 6 |
# | 7. Why more T is more information only up to a point | 5 |
# | 8. One number that calibrates, or not | 3 |
# | 9. Several teachers | 2 |
# | 10. What this does not show; the test set, once | 3 |
# | 11. Check yourself | 2 |
#
# *Sources:* Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015, arXiv 1503.02531,
# sections 1 to 3. Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, arXiv 1706.04599, sections 2
# to 4. Photographs: Fashion-MNIST, Xiao et al. 2017, arXiv 1708.07747.

# %% id="setup" slide="skip"
import math

import torch
from torch.nn import functional as F

from effcv_lab import figures
from effcv_lab.experiments import temperature
from effcv_lab.experiments.temperature_measures import TEMPERATURES, wrong_classes
from effcv_lab.models import count_macs, count_parameters, latency_ms, mlp, size_bytes
from effcv_lab.records import load_record, mean_and_spread, tag
from effcv_lab.soft_targets import order_kept, soft_gradient, stored
from effcv_lab.softmax import dark_knowledge, entropy, expected_calibration_error, fit_temperature
from effcv_lab.softmax import softmax_with_temperature as softmax
from effcv_lab.tables import show_table
from effcv_lab.training import budget, pick_device, predict_logits
from effcv_lab.widgets.explorer import Preset, TemperatureExplorer
from effcv_lab.widgets.predict import predict, reveal
from effcv_lab.widgets.quiz import quiz

# %% slide="skip"
torch.set_num_threads(1)  # steadier than two for nets this small; leaves a core to the browser
device = pick_device()
scale = budget(class_="class", paper="paper")
seeds = range(budget(class_=3, paper=5))
splits = temperature.splits_for(scale)
classes = splits.train.classes
print(f"device {device}, {scale} budget, {len(seeds)} seeds")
print(f"{len(splits.train):,} training, {len(splits.validation):,} validation images")
print("about a minute of computing on two CPU cores, a few seconds the next time")

# %% [markdown] slide="slide"
# ## 1. Predict, then measure the baseline
#
# A network scores ten kinds of clothes. A softmax turns the scores into ten probabilities, after dividing them by a
# **temperature** T. You have room to keep each probability in **one byte**, that is in steps of 1/256.

# %% slide="fragment" tags=["hide-input"]
predict(
    "temperature_one_byte",
    "At which temperature can you still read most of the network's ranking of the ten "
    "classes from the ten bytes?",
    choices=["T = 1", "T = 5", "T = 100", "T = 1000", "the same at every T"],
)

# %% [markdown] slide="subslide"
# ### The baseline: one teacher
#
# A **teacher** is a trained network whose outputs somebody will learn from. Ours is a small convolutional net.
# **Logits** are its ten scores before the softmax. All choices are made on the validation set; the test set waits
# for the end.

# %% slide="fragment"
teacher = temperature.TEACHER.train(splits, 0, scale, device)
images, labels = splits.validation.images, splits.validation.labels
logits = predict_logits(teacher, images).double()

# %% slide="fragment" tags=["hide-input"]
accuracy = (logits.argmax(dim=1) == labels).double().mean().item()
baseline = {
    "network": temperature.TEACHER.name,
    "validation accuracy": f"{accuracy:.1%}",
    "parameters": f"{count_parameters(teacher):,}",
    "MACs": f"{count_macs(teacher, (1, 28, 28)):,}",
    "bytes": f"{size_bytes(teacher):,}",
    "ms for one image": f"{latency_ms(teacher, images[:1]):.2f}",
}
show_table([baseline])
assert accuracy > 0.75, "far below what this network reaches"

# %% [markdown] slide="subslide"
# A second table will grow through this lecture: one row for each of four temperatures, one column for each thing
# that we learn to measure. Accuracy is its first column.

# %% slide="fragment"
SHOWN = (1.0, 5.0, 20.0, 100.0)
table = [{"T": f"{T:g}"} for T in SHOWN]
for row, T in zip(table, SHOWN, strict=True):
    right = softmax(logits, T).argmax(dim=1) == labels
    row["accuracy"] = f"{right.double().mean():.1%}"
show_table(table)
assert len({row["accuracy"] for row in table}) == 1

# %% [markdown] slide="fragment"
# Dividing all scores by the same positive number never changes which one is the largest. **Temperature cannot make
# a network more accurate.** Whatever it does happens below the winner.

# %% [markdown] slide="slide"
# ## 2. From scores to probabilities
#
# $$p_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}$$
#
# Scores $z$ (logits) in, positive numbers that sum to 1 out. T = 1 is the softmax that you know (Hinton et al.,
# equation 1). By hand, for three made-up scores:

# %% slide="fragment"
scores = torch.tensor([2.0, 1.0, -1.0])  # cat, dog, bear
raised = torch.exp(scores)
print("exp:          ", raised)
print("probabilities:", raised / raised.sum())
assert torch.allclose(raised / raised.sum(), softmax(scores, 1.0))

# %% [markdown] slide="subslide"
# ### Now break it
#
# Same formula, same *differences* between the scores, all of them moved up by 1000. Nothing should change. Run it.

# %% slide="fragment"
moved = scores + 1000
broken = torch.exp(moved) / torch.exp(moved).sum()
print("by the formula:", broken)
print("largest float: ", torch.finfo(moved.dtype).max)
print("exp(1002):     ", torch.exp(moved[0]), "(inf / inf is nan)")
assert broken.isnan().all()

# %% [markdown] slide="fragment"
# The formula is right and the program is wrong. Only differences count, so subtract the largest score first: the
# largest exponent becomes 0 and nothing can overflow. The kit's function does this.

# %% slide="fragment"
print(softmax(moved, 1.0))
assert torch.allclose(softmax(moved, 1.0), softmax(scores, 1.0))

# %% [markdown] slide="subslide"
# ### What about T = 0?
#
# Division by zero. One could return the limit, a 1 for the winner; the kit refuses instead, because a T of 0 is
# nearly always a mistake (a schedule that ran out, an integer division).

# %% slide="fragment"
try:
    softmax(scores, 0)
except ValueError as error:
    print("ValueError:", error)
else:
    raise AssertionError("T = 0 must be refused")

# %% [markdown] slide="slide"
# ## 3. Temperature and entropy
#
# **Entropy** says in one number how undecided a distribution is: $H = -\sum_i p_i \ln p_i$, in nats. It is 0 if one
# class has everything and $\ln K$ if all K classes have the same.

# %% slide="fragment"
for T in (0.2, 1, 5, 100):
    probs = softmax(scores, T)
    rounded = ", ".join(f"{p:.3f}" for p in probs.tolist())
    print(f"T = {T:<4g} {rounded}  entropy {entropy(probs):.3f}")
print(f"ln 3 = {math.log(3):.3f}")

# %% [markdown] slide="subslide"
# Low T: the winner takes all. High T: everybody gets nearly the same. So it is with the teacher, over all its
# validation images. `TEMPERATURES` runs from 0.1 to 50,000.

# %% slide="fragment"
nats = [entropy(softmax(logits, T)).mean().item() for T in TEMPERATURES]
assert (torch.tensor(nats).diff() > -1e-9).all()  # never falls

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.curves(
        TEMPERATURES,
        {"teacher": nats},
        references={"ln 10": math.log(10)},
        title="Entropy rises with T, from certain to clueless",
        x_label="Temperature T",
        y_label="Mean entropy (nats)",
        log_x=True,
        note=f"Illustrative stand-in: one small teacher, {len(labels):,} validation images.",
    )
)

# %% slide="subslide"
for row, T in zip(table, SHOWN, strict=True):
    row["entropy (nats)"] = f"{nats[TEMPERATURES.index(T)]:.3f}"
show_table(table)

# %% [markdown] slide="slide"
# ## 4. Live: move T
#
# Three validation photographs, chosen by rule: the one that the teacher is surest of, the one that it is least sure
# of, and the mistake that it is surest of.

# %% slide="skip"
confidence, guess = softmax(logits, 1.0).max(dim=1)
wrong = guess != labels
chosen = {
    "sure and right": torch.where(wrong, 0, confidence).argmax().item(),
    "undecided": confidence.argmin().item(),
    "sure and wrong": torch.where(wrong, confidence, 0).argmax().item(),
}

# %% slide="fragment" tags=["hide-input"]
figures.show(
    figures.image_grid(
        torch.stack([images[i] for i in chosen.values()]),
        [f"{name}: {classes[labels[i]]}" for name, i in chosen.items()],
        title="Three photographs and what they are",
        note="Illustrative stand-in for larger photographs: Fashion-MNIST, validation set.",
    )
)

# %% slide="subslide" tags=["hide-input"]
presets = [
    Preset(name, logits[i], classes, images[i], caption=f"Label: {classes[labels[i]]}")
    for name, i in chosen.items()
]
explorer = TemperatureExplorer(presets=presets)
explorer

# %% [markdown] slide="subslide"
# **Move** the slider (mouse or arrow keys), or drag a logit's dot. **Look for**:
#
# 1. *sure and right*, T from 1 to 5: which class appears second?
# 2. Same photograph, T to 100: what is left of the difference between second and last?
# 3. *sure and wrong*: where does the true label stand? Does any T bring it to the top?
# 4. T to 0.05: what remains?
#
# **It must show:** bars shrink and grow, but no T makes one overtake another, and entropy only ever rises with T.

# %% slide="subslide"
for name, i in chosen.items():
    order = logits[i].argsort(descending=True, stable=True)
    first, second, third = (classes[k] for k in order[:3])
    print(f"{name}: label {classes[labels[i]]}")
    print(f"    the teacher's order: {first}, {second}, {third} ...")
    for T in (0.5, 1.0, 5.0, 20.0):  # the same order at every T
        assert torch.equal(softmax(logits[i], T).argsort(descending=True, stable=True), order)

# %% [markdown] slide="slide"
# ## 5. What the network thinks of the wrong classes
#
# Take the label's probability away and share out the rest: **dark knowledge**, what a network knows besides the
# answer. Hinton et al. (section 1) point to the ratios of very small probabilities: they say what the network finds
# similar.

# %% slide="fragment"
i = chosen["sure and right"]
row, label = logits[i : i + 1], labels[i : i + 1]  # a batch of one
shares = {T: dark_knowledge(softmax(row, T), label)[0] for T in (1, 5)}
six = shares[5].argsort(descending=True)[:6]  # the largest

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.probability_bars(
        {f"T = {T}": share[six] for T, share in shares.items()},
        [classes[k] for k in six],
        title=f"What else could this {classes[labels[i]].lower()} be?",
        x_label="Share of the belief that is not on the label",
        note="Illustrative stand-in: one image, one small teacher; the six largest shares.",
    )
)

# %% [markdown] slide="subslide"
# Now the mean over all validation images of a class. A row is the true class and sums to 1; its own place stays
# empty.

# %% slide="fragment"
shares_at = {T: wrong_classes(logits, labels, T) for T in (1.0, 5.0)}
for shares in shares_at.values():
    assert torch.allclose(shares.sum(dim=1), torch.ones(10).double())
three = {T: shares.topk(3).values.sum(dim=1).mean() for T, shares in shares_at.items()}
assert three[5.0] < 0.8 < three[1.0]  # three of nine hold nearly everything at T = 1 only
for shares in shares_at.values():
    shares.fill_diagonal_(math.nan)

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.heat_map(
        shares_at[1.0],
        classes,
        title="T = 1: a few of the nine wrong classes hold most of it",
        row_label="True class",
        column_label="Wrong class",
        value_label="Share of the belief not on the label",
        note="Illustrative stand-in: validation images, one small teacher.",
    )
)

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.heat_map(
        shares_at[5.0],
        classes,
        title="T = 5: much the same pattern, and now the rest of the order shows, too",
        row_label="True class",
        column_label="Wrong class",
        value_label="Share of the belief not on the label",
        note="Illustrative stand-in: validation images, one small teacher.",
    )
)

# %% slide="subslide"
at_1 = shares_at[1.0].nan_to_num().argmax(dim=1)
at_5 = shares_at[5.0].nan_to_num().argmax(dim=1)
print("largest share   at T = 1      at T = 5")
for name, cold, warm in zip(classes, at_1, at_5, strict=True):
    print(f"{name:<15} {classes[cold]:<13} {classes[warm]}")
assert (at_1 == at_5).sum() >= 6
assert classes[at_5[classes.index("Sneaker")]] in ("Sandal", "Ankle boot")

# %% [markdown] slide="fragment"
# Nobody told the teacher that sneakers and ankle boots are both shoes: labels are ten unrelated numbers. Most rows
# look sensible. Look whether sandals have a bag beside them: "similar" means similar *to this network*. An image keeps
# its order at every T; a class's *mean* may change places, as images then weigh differently.

# %% [markdown] slide="subslide"
# Into the table: the share of an image's largest wrong class, mean over the images. Nine equal shares would be 1/9.

# %% slide="fragment"
for row, T in zip(table, SHOWN, strict=True):
    shares = dark_knowledge(softmax(logits, T), labels)
    row["largest wrong"] = f"{shares.amax(dim=1).mean():.3f}"
show_table(table)

# %% [markdown] slide="slide"
# ## 6. Gradients over T
#
# A **student** with logits $z$ learns from the teacher's logits $v$. Both are softened with the same T, and the
# **soft loss** is the cross-entropy of $q = \mathrm{softmax}(z/T)$ against $p = \mathrm{softmax}(v/T)$. Hinton et
# al., equation 2, give its gradient:
#
# $$\frac{\partial C}{\partial z_i} = \frac{1}{T}(q_i - p_i)$$

# %% slide="fragment"
hidden = temperature.STUDENT_HIDDEN
student = temperature.untrained(lambda: mlp(hidden), seed=0)
z = predict_logits(student, images).double().requires_grad_()
p = softmax(logits, 5.0)
F.cross_entropy(z / 5.0, p, reduction="sum").backward()
gap = (z.grad - soft_gradient(z.detach(), logits, 5.0)).abs().max()
print(f"autograd and the equation differ by at most {gap:.0e}")
assert gap < 1e-9

# %% slide="subslide" tags=["hide-input"]
predict(
    "temperature_gradient",
    "T grows from 20 to 100, five times. By which factor does the gradient shrink?",
    choices=["about 1 (it stays)", "about 5", "about 25", "about 125"],
)

# %% slide="subslide"
z = z.detach()
gradients = [soft_gradient(z, logits, T) for T in TEMPERATURES]
norms = [g.norm(dim=1).mean().item() for g in gradients]
times_T2 = (torch.tensor(norms) * torch.tensor(TEMPERATURES) ** 2).tolist()

# %% slide="fragment" tags=["hide-input"]
figures.show(
    figures.curves(
        TEMPERATURES,
        {"gradient": norms, "gradient × T²": times_T2},
        references={"slope −2": [4 * times_T2[-1] / T**2 for T in TEMPERATURES]},
        title="From T = 10 on the gradient falls like 1/T², and a factor T² holds it level",
        x_label="Temperature T",
        y_label="Mean gradient norm",
        log_x=True,
        log_y=True,
        note="Reproduced: Hinton et al., equations 2 to 4. The grey line is moved up to be seen.",
    )
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
norm_at = dict(zip(TEMPERATURES, norms, strict=True))
factor = norm_at[20.0] / norm_at[100.0]
slope, early = (math.log(norm_at[b] / norm_at[a]) / math.log(b / a) for a, b in [(20, 100), (1, 2)])
closest = min((1, 5, 25, 125), key=lambda guess: abs(math.log(factor / guess)))
reveal(
    "temperature_gradient",
    "about 1 (it stays)" if closest == 1 else f"about {closest}",
    f"Measured: {factor:.1f}, a slope of {slope:.2f} in the figure. Between T = 1 and 2 it is "
    f"only {early:.2f}: the law needs T larger than the differences of the logits.",
)
assert abs(slope + 2) < 0.15

# %% [markdown] slide="subslide"
# ### Why two factors of 1/T?
#
# One comes from the chain rule: the loss sees $z/T$. The other from the probabilities, which all approach $1/K$, so
# that $q - p$ itself shrinks like $1/T$. For large T and logits with mean zero (equation 4):
#
# $$\frac{\partial C}{\partial z_i} \approx \frac{1}{K T^2}(z_i - v_i)$$
#
# **At high T the student simply learns to match logits.** Is the direction right, too?

# %% slide="fragment"
difference = (z - logits) - (z - logits).mean(dim=1, keepdim=True)
for T in SHOWN:
    gradient = gradients[TEMPERATURES.index(T)]
    cosine = F.cosine_similarity(gradient, difference, dim=1).mean()
    print(f"T = {T:<4g} cosine of gradient and z − v: {cosine:.4f}")
assert cosine > 0.99

# %% slide="subslide"
for row, T in zip(table, SHOWN, strict=True):
    row["gradient"] = f"{norm_at[T]:.2g}"
    row["× T²"] = f"{norm_at[T] * T**2:.2f}"
show_table(table)
level = times_T2[TEMPERATURES.index(10.0) :]
assert max(level) < 1.5 * min(level)

# %% [markdown] slide="fragment"
# This is why distillation multiplies the soft loss by T²: beside a hard-label loss, whose gradient does not shrink,
# the soft one fades as T grows (Hinton et al., section 2). Forget the factor and nothing crashes: the teacher's voice
# is only T² times softer, and the accuracy need not betray it. Check it by the gradient.

# %% [markdown] slide="slide"
# ## 7. Why more T is more information only up to a point
#
# "A larger T makes more information available." Test it at its root. If T added information, probabilities at T = 1
# would hold less than those at T = 5. Take each, multiply its logarithm by T, and see what comes back.

# %% slide="fragment"
centred = logits - logits.mean(dim=1, keepdim=True)
for T in SHOWN:
    back = T * softmax(logits, T).log()
    back = back - back.mean(dim=1, keepdim=True)
    error = (back - centred).abs().max()
    print(f"T = {T:<4g} the logits come back, error at most {error:.0e}")
    assert error < 1e-6

# %% [markdown] slide="subslide"
# In exact arithmetic **every T holds the same information** for a reader who knows T: all logits, up to a constant.
# What T changes is how large the differences are that carry it. For large T:
#
# $$p_i - \frac{1}{K} \approx \frac{z_i - \bar z}{K T}$$

# %% [markdown] slide="subslide"
# So whoever looks with limited sharpness (a file, an optimiser beside another loss, your eye) sees less again when T
# is very large. One photograph's ten probabilities, each rounded to a byte, as multiples of 1/256:

# %% slide="fragment"
one_image = logits[chosen["sure and right"]]
for T in (1.0, 5.0, 20.0, 100.0, 10_000.0):
    written = (stored(softmax(one_image, T), bits=8) * 256).int().tolist()
    text = " ".join(f"{byte:>3}" for byte in written)
    print(f"T = {T:<6g} {text}   {len(set(written))} values")

# %% [markdown] slide="fragment"
# Too cold, and small probabilities round to zero. Too hot, and all ten fall on the same step near 256/10. Either way
# classes become *tied*, and their order is gone. So count: which share of the 45 pairs of classes still differ? For
# comparison also in 16 bits, as half-precision floats, whose steps are far finer near zero.

# %% slide="subslide"
kept = {
    f"{bits} bits": [order_kept(stored(softmax(logits, T), bits)) for T in TEMPERATURES]
    for bits in (8, 16)
}
for values in kept.values():  # it rises, and it falls
    assert max(values) > values[0] + 0.2 and max(values) > values[-1] + 0.2

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.curves(
        TEMPERATURES,
        kept,
        title="The ranking shows best in between; a finer format moves the edges, not the shape",
        x_label="Temperature T",
        y_label="Share of class pairs in order",
        log_x=True,
        y_range=(0, 1.05),
        note="Illustrative stand-in: rounding plays any reader with limited sharpness.",
    )
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
one_byte = dict(zip(TEMPERATURES, kept["8 bits"], strict=True))
best = max(one_byte, key=one_byte.get)
offered = max((1.0, 5.0, 100.0, 1000.0), key=one_byte.get)
reveal(
    "temperature_one_byte",
    f"T = {offered:g}",
    f"One byte keeps {one_byte[1.0]:.0%} of the pairs at T = 1, {one_byte[5.0]:.0%} at T = 5, "
    f"{one_byte[100.0]:.0%} at T = 100, {one_byte[1000.0]:.0%} at T = 1000. Of all temperatures "
    f"measured, T = {best:g} is best.",
)

# %% slide="fragment"
for row, T in zip(table, SHOWN, strict=True):
    row["kept in 1 byte"] = f"{one_byte[T]:.1%}"
show_table(table)

# %% [markdown] slide="subslide"
# Read the true sentence: *a larger T makes differences among the wrong classes larger compared with the winner, up
# to the T at which all differences drown.* Where that is depends on the reader. Hinton et al. (section 3) saw a best T
# in between, too, for another reason: students with 30 units a layer did best at T from 2.5 to 4, better than at lower
# **and higher** T.
#
# The engineer's answer: if you can, store logits instead of probabilities.

# %% [markdown] slide="slide"
# ## 8. One number that calibrates, or not
#
# The **confidence** of an answer is its probability. A network is **calibrated** if 80 % of the answers that it gives
# with 80 % confidence are right. The **expected calibration error** (ECE) is the mean gap between the two over bins of
# confidence, here 15, each weighted by its images (Guo et al., section 2).

# %% slide="fragment" tags=["hide-input"]
predict(
    "temperature_sure",
    "Guo et al. found modern networks too sure of themselves. And our small teacher?",
    choices=["too sure: best T above 1", "not sure enough: best T below 1"],
)

# %% slide="subslide"
fitted = fit_temperature(logits, labels)  # the likeliest validation labels

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
verdict = "too sure: best T above 1" if fitted > 1 else "not sure enough: best T below 1"
reveal("temperature_sure", verdict, f"The best T on the validation set is {fitted:.3f}.")

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.reliability_diagram(
        softmax(logits, 1.0),
        labels,
        title=f"The teacher at T = 1; it fits best at T = {fitted:.2f}",
        note="Illustrative stand-in: validation images, one small teacher.",
    )
)

# %% slide="subslide"
table.append({"T": f"{fitted:.3f} (fitted)", "accuracy": f"{accuracy:.1%}"})
for row, T in zip(table, (*SHOWN, fitted), strict=True):
    error = expected_calibration_error(softmax(logits, T), labels)
    row["ECE"] = f"{error:.3f}"
show_table(table, missing="–")
assert F.cross_entropy(logits / fitted, labels) <= F.cross_entropy(logits, labels)

# %% [markdown] slide="fragment"
# Look at the last column: the temperatures that show dark knowledge best are hopeless as confidences. **Soften to
# teach, go back to T near 1 to predict.** A high T left on at test time changes no answer and spoils the probabilities.

# %% [markdown] slide="subslide"
# And a network trained the other way: an MLP, many more epochs, no weight decay.

# %% slide="fragment"
long_mlp = temperature.LONG_MLP.train(splits, 0, scale, device)
mlp_logits = predict_logits(long_mlp, images).double()
mlp_fitted = fit_temperature(mlp_logits, labels)
assert mlp_fitted > fitted

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.reliability_diagram(
        softmax(mlp_logits, 1.0),
        labels,
        title=f"The MLP at T = 1; it fits best at T = {mlp_fitted:.2f}",
        note="Same shape as the paper: Guo et al., figure 1. One network.",
    )
)

# %% [markdown] slide="subslide"
# The same data, and different advice: measure your own network before you repeat a finding about somebody else's.
# Three things differ between these two: architecture, epochs, weight decay. This comparison does not say which of
# them matters; Guo et al. (section 3) take such causes one by one.

# %% [markdown] slide="slide"
# ## 9. Several teachers
#
# Everything so far came from *one* teacher: an anecdote. Now the same for several seeds, each with its own first
# weights and order of batches. Beside it stands the record that is kept with the course.

# %% slide="fragment"
record = temperature.run(scale, device, seeds, splits=splits)
kept_record = load_record("temperature")
print(tag(record))

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.curves(
        TEMPERATURES,
        {
            name: [row["order_kept_8_bits"] for row in source.rows]
            for name, source in {"here": record, "recorded": kept_record}.items()
        },
        title="Every teacher's ranking shows best in between",
        x_label="Temperature T",
        y_label="Share of class pairs in order, 1 byte",
        log_x=True,
        y_range=(0, 1.05),
        note=f"Recorded at {kept_record.budget} scale: "
        f"{kept_record.config['train_images']:,} training images, {tag(kept_record)}.",
    )
)


# %% slide="skip"
def summary(record, measure):
    """Mean ± standard deviation, over seeds, of what ``measure`` takes from a row."""
    mean, spread = mean_and_spread([measure(row) for row in record.rows])
    return f"{mean:.3f} ± {spread:.3f}"


def at(name, T):
    """Return the measure that is one point of a curve."""
    return lambda row: row[name][TEMPERATURES.index(T)]


measures = {
    "entropy at T = 5 (nats)": at("entropy", 5.0),
    "gradient × T² at T = 100": lambda row: at("gradient_norm", 100.0)(row) * 100**2,
    "order kept in 1 byte, T = 1": at("order_kept_8_bits", 1.0),
    "order kept in 1 byte, T = 5": at("order_kept_8_bits", 5.0),
    "order kept in 1 byte, T = 1000": at("order_kept_8_bits", 1000.0),
    "fitted T, teacher": lambda row: row["fitted_temperature"],
    "fitted T, long-trained MLP": lambda row: row["mlp_fitted_temperature"],
}

# %% slide="subslide" tags=["hide-input"]
here = f"here, {record.budget} scale, {len(record.seeds)} seeds"
recorded = f"recorded, {kept_record.budget} scale, {len(kept_record.seeds)} seeds"
show_table(
    [
        {
            "mean ± sd": name,
            here: summary(record, measure),
            recorded: summary(kept_record, measure),
        }
        for name, measure in measures.items()
    ]
)

# %% [markdown] slide="slide"
# ## 10. What did not work, and what this does not show
#
# **High entropy is not knowledge.** The honest control: a network with random weights. And a second one: does dark
# knowledge say anything about the *image*, or would a table with one row for each label do?
#
# For each image two models rank the wrong classes; **agreement** is the rank correlation (1: same order, 0:
# unrelated). No temperature changes it.

# %% slide="fragment" tags=["hide-input"]
controls = {
    "another teacher (other seed)": "agreement_teacher",
    "class averages of another teacher": "agreement_label_only",
    "a network with random weights": "agreement_untrained",
}
show_table(
    [
        {"a teacher beside": name, "agreement": summary(record, lambda row, k=key: row[k])}
        for name, key in controls.items()
    ]
)
random_entropy = summary(record, lambda row: row["untrained_entropy"])
print(f"random network, entropy at T = 1: {random_entropy} (ln 10 = {math.log(10):.3f})")
for row in record.rows:
    assert row["agreement_untrained"] < 0.6 < row["agreement_teacher"]
    assert row["agreement_label_only"] < row["agreement_teacher"]

# %% [markdown] slide="subslide"
# The random network has almost the largest entropy there is, already at T = 1, and its order is not the teacher's. Two
# teachers agree, so dark knowledge is no accident of one run. But most of that agreement **ten rows of class
# averages** reach too. What is surely about the single photograph is the gap between the first two lines.

# %% [markdown] slide="subslide"
# ### The test set, once
#
# T was fitted on validation images. Does it help on images that nobody has looked at? Mean ± sd over seeds:

# %% slide="fragment" tags=["hide-input"]
numbers = {
    "fitted T": "fitted_temperature",
    "accuracy, validation": "validation_accuracy",
    "accuracy, test": "test_accuracy",
    "test ECE, T = 1": "test_calibration_error_before",
    "test ECE, fitted T": "test_calibration_error_after",
    "test cross-entropy, T = 1": "test_loss_before",
    "test cross-entropy, fitted T": "test_loss_after",
}
networks = {"teacher": "", "long-trained MLP": "mlp_"}
lines = [{"mean ± sd": name} for name in numbers]
for line, key in zip(lines, numbers.values(), strict=True):
    for network, prefix in networks.items():
        line[network] = summary(record, lambda row, k=prefix + key: row[k])
show_table(lines)

# %% slide="fragment" tags=["hide-input"]
for network, prefix in networks.items():
    gains = {
        part: [
            r[f"{prefix}{part}_loss_before"] - r[f"{prefix}{part}_loss_after"] for r in record.rows
        ]
        for part in ("validation", "test")
    }
    helped = {part: sum(gain > 0 for gain in gains[part]) for part in gains}
    print(f"{network}: the fitted T lowers the cross-entropy of")
    print(f"    {helped['validation']} of {len(record.rows)} networks on the validation set")
    print(f"    {helped['test']} of {len(record.rows)} networks on the test set")
    assert min(gains["validation"]) > -1e-6  # what was fitted cannot have become worse

# %% [markdown] slide="subslide"
# On validation the fit helps by construction; only the test set says whether it carries over. Compare the two
# accuracies: where the test images are harder, a network that looked too modest was not, and a T below 1 makes it
# surer just where it should doubt. A small correction can be undone by a small difference between two sets.

# %% [markdown] slide="subslide"
# Now that the test set is open: the test photograph on which teacher and MLP differ most at T = 1, both networks laid
# over each other. (The explorer calls the MLP *student*; nobody taught it.) **Move** T up. **Look for** the T from which
# the two look alike. **It must show** that at a large T any two networks seem to agree, and that this means nothing.

# %% slide="fragment"
test_logits, test_mlp = (
    predict_logits(net, splits.test.images).double() for net in (teacher, long_mlp)
)
gap = {T: (softmax(test_logits, T) - softmax(test_mlp, T)).abs().sum(dim=1) for T in (1.0, 100.0)}
i = gap[1.0].argmax().item()
assert gap[100.0][i] < 0.5 < gap[1.0][i]

# %% slide="subslide"
TemperatureExplorer(
    presets=[
        Preset(
            "a test photograph",
            test_logits[i],
            classes,
            image=splits.test.images[i],
            student_logits=test_mlp[i],
            caption=f"Label: {classes[splits.test.labels[i]]}",
        )
    ]
)

# %% [markdown] slide="subslide"
# **This lecture does not show**
#
# - that soft targets *teach better*: no student was trained (chapter 2),
# - which T a student should use: a byte is a stand-in for a reader, not a student,
# - what happens with 1,000 classes: $1/K$ shrinks, and with it the differences,
# - what *we* would call similar: the teacher saw pixels, and its order mirrors its training images, their errors
#   included.

# %% [markdown] slide="slide"
# ## 11. Check yourself

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "You multiply all logits of a network by 3 and use T = 3. What happens to the probabilities?",
    {
        "nothing": (True, "Only z / T enters the softmax, and 3z / 3 = z."),
        "they become more even": (
            False,
            "T = 3 alone would do that, but the larger logits undo it exactly.",
        ),
        "they become sharper": (
            False,
            "Larger logits alone would do that, but T = 3 undoes it exactly.",
        ),
        "the winner may change": (
            False,
            "A positive factor on all logits never changes their order.",
        ),
    },
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "A soft loss at T = 10 without the factor T² stands beside a hard-label loss. What goes wrong?",
    {
        "training diverges": (False, "Its gradient is too small, not too large."),
        "the teacher weighs 100 times less than intended": (
            True,
            "Without the factor the soft gradient is T² = 100 times smaller, while the "
            "hard-label gradient stays as it is.",
        ),
        "the soft gradient points the wrong way": (
            False,
            "A positive factor changes the length of a gradient, not its direction.",
        ),
        "nothing, the learning rate makes up for it": (
            False,
            "The learning rate scales both losses alike; what is lost is their balance.",
        ),
    },
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "Which of these does a change of T alone leave exactly as it is?",
    {
        "accuracy": (True, "It depends on which logit is the largest, and the order stays."),
        "the order of the wrong classes": (True, "Dividing by T keeps every order."),
        "entropy": (False, "It rises with T, from near 0 to near ln K."),
        "cross-entropy on a test set": (
            False,
            "It depends on the probability of the label, which T moves; calibration uses this.",
        ),
    },
)

# %% [markdown] slide="slide"
# ## What you can do now
#
# - **compute** a softmax with temperature that never overflows: subtract the largest score first,
# - **read** dark knowledge: take the label away, share out the rest, compare with an untrained control,
# - **predict** the gradient of a soft loss at large T: 1/T², level after a factor T²,
# - **test** "more T, more information": the same in exact arithmetic, and for a real reader best in between,
# - **calibrate** with one number, fitted on validation, believed only after the test set.
#
# Assignment a1 asks you to write softmax, entropy and dark knowledge yourself.

# %% [markdown] slide="subslide"
# ### Go further
#
# - Hinton, Vinyals and Dean 2015, arXiv 1503.02531: section 2 (soft targets, the factor T²), 2.1 (equations 2 to 4:
#   matching logits), 3 (which T for which student).
# - Guo et al. 2017, arXiv 1706.04599: section 2 (calibration error), 3 (what makes networks too sure), 4.2 (one T
#   for all classes).
#
# **One open experiment.** Replace the byte by *samples*: draw n labels from softmax(z / T), rank the classes by how
# often they came up, and measure the agreement with the order of z over T for n = 10, 100, 1000. Is there a best T,
# and how does it move with n? Predict first. (`torch.multinomial`, `torch.bincount`.)
