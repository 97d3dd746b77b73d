# %% [markdown]
# # Assignment a2: knowledge distillation
#
# You will write the four functions with which a small network learns from a large one, train a real student with
# them, and design a control that finds out why a student has learned nothing.
#
# | Part | What you write | Points | About |
# |---|---|--:|--:|
# | 1 | `soft_targets` | 4 | 20 min |
# | 2 | `kd_loss` | 6 | 25 min |
# | 3 | `kd_weight` | 2 | 5 min |
# | 4 | `hint_loss` | 4 | 15 min |
# | 5 | nothing: train a student with your loss | | 10 min |
# | 6 | a control experiment, in words | 4 | 15 min |
# | | | **20** | **90 min** |
#
# **You need** lecture 02. No GPU, no internet; all cells together compute for less than half a minute.

# %% [markdown]
# ## How it works
#
# - Run the cells from top to bottom with `Shift`+`Enter`. Each function has a check right below it: run it as often
#   as you like, and read what it says.
# - A check tries your function on random inputs, promise by promise; every promise kept earns its share. For grading,
#   new inputs are drawn and a few more promises of the text are tried. Differently written, equally right answers
#   earn the same. No point depends on how a training run turns out.
# - All of torch is yours to use. The functions of `effcv_lab` are not: they are what you are writing.
# - Write your own helpers in the cells with a function to fill in. Cells of your own to try things are welcome; leave
#   the given ones where they are, and do not copy them.
# - Part 6 is graded by a person, by the rubric that stands there.

# %% role="given" id="setup"
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.grading.a2_distillation import grade

torch.set_num_threads(1)  # steadier than two for nets this small

# %% [markdown]
# ## Part 1: ask the teacher
#
# **Contract.** `soft_targets(teacher, images, temperature)` takes a module that maps images `(B, C, H, W)` to logits
# `(B, K)`, and a number T. It returns the teacher's probabilities at T, `(B, K)`, of the logits' dtype: row by row
# $$p_k = \frac{e^{v_k/T}}{\sum_j e^{v_j/T}}.$$
#
# - They are computed with every part of the teacher in **eval mode**: no dropout, and BatchNorm with its running
#   statistics.
# - Afterwards **every part is in the mode in which it was**. Each layer has a mode of its own: in a teacher that trains,
#   a BatchNorm may be in eval mode, or the other way round. This holds also when T is refused (see below).
# - Nothing else about the teacher changes: weights, running statistics, `requires_grad`, `grad`. Gradients are not
#   switched off for the rest of the notebook either. `images` are left as they were.
# - The result carries no graph (`requires_grad` is False) and can be used in a loss: `(q * result).sum().backward()`
#   works for a `q` that needs a gradient.
# - T ≤ 0 is a `ValueError`. T may be anything from 0.5 to 1,000, with logits of 10,000 too. Any B and K will do.
#
# **By hand.** `nn.Flatten()` is a teacher whose logits are the pixels. For an image of two pixels (0, ln 9), T = 1
# gives (0.1, 0.9). At T = 2 the logits divided by T are (0, ln 3), which gives (0.25, 0.75).


# %% role="answer" id="soft_targets"
def soft_targets(teacher: nn.Module, images: Tensor, temperature: float) -> Tensor:
    """Return the teacher's probabilities (B, K) at a temperature > 0, and leave no trace."""
    # 1. Refuse a temperature that is not positive, before you touch the teacher.
    # 2. Note the mode of every part; put all of them in eval mode.
    # 3. Compute the logits without a graph.
    # 4. Put every part back into its own mode.
    # 5. Soften: divide the logits by the temperature, take the softmax of each row.
    ### BEGIN SOLUTION
    if temperature <= 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    try:
        with torch.no_grad():
            logits = teacher(images)
    finally:
        for part, mode in modes:
            part.training = mode
    return torch.softmax(logits / temperature, dim=1)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: where is the mode?</summary>
#
# `part.training` is True or False, for the net and for every layer in it. `teacher.modules()` goes through all of them,
# also those inside others. `teacher.eval()` and `teacher.train()` set all at once; `part.training = True` sets one.
# </details>
# <details><summary>Hint 2: without a graph</summary>
#
# `with torch.no_grad():` around the teacher's computation saves time and memory. `.detach()` gives the same numbers
# afterwards. `torch.inference_mode()` goes further than you may: what it makes cannot be used in a loss.
# </details>
# <details><summary>Hint 3: whatever happens</summary>
#
# What stands in `finally:` after a `try:` runs in any case. Refusing T first spares you most of the trouble.
# </details>
#
# The check of part 1. You are done when it says *4 of 4 points*.

# %% role="tests" id="test_soft_targets" points=4
from effcv_lab.grading.a2_distillation import grade

points = grade("soft_targets", soft_targets, points=4, seed=1)
### BEGIN HIDDEN TESTS
points = grade("soft_targets", soft_targets, points=4, seed=8401, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 2: the distillation loss
#
# **Contract.** `kd_loss(student_logits, teacher_logits, labels, temperature, alpha)` takes logits `(B, K)` of both,
# whole-number labels `(B,)`, a number T and a weight α in [0, 1]. It returns one number, a tensor of shape `()` and of
# the logits' dtype:
# $$(1-\alpha)\,\mathrm{CE}(\text{labels}, q_1) + \alpha\,T^2\,\mathrm{KL}(p_T \,\|\, q_T),$$
# both averaged over the batch. $p_T$ are the teacher's probabilities at T and $q_T$ the student's, and
# $$\mathrm{KL}(p \,\|\, q) = \sum_k p_k (\ln p_k - \ln q_k), \qquad 0 \ln 0 = 0.$$
#
# - The cross-entropy with the labels is taken at T = 1: that is how the student is used later.
# - The student's logits get a gradient, the teacher's get none, also when they would need one.
# - T ≤ 0 is a `ValueError`; α need not be checked. T may be anything from 0.5 to 1,000.
# - Logits of 10,000 and -10,000 are no trouble: the loss stays finite.
# - Logits and labels are left as they were. Any B ≥ 1 and K ≥ 2 will do, and α = 0 or 1.
#
# **By hand.** One image with label 1, student logits (0, 0), teacher logits (0, ln 9), T = 2, α = 0.5. Then $p_2$ =
# (0.25, 0.75) and $q_2$ = (0.5, 0.5), so KL = 0.25 ln 0.5 + 0.75 ln 1.5 = 0.1308; times T² = 4 that is 0.5232. The
# cross-entropy is ln 2 = 0.6931. Half of each: 0.6082.


# %% role="answer" id="kd_loss"
def kd_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    temperature: float,
    alpha: float,
) -> Tensor:
    """Mix the cross-entropy with the labels and T² times the divergence from the teacher."""
    # 1. Refuse a temperature that is not positive.
    # 2. The hard part: cross-entropy of the student's logits, as they are, with the labels.
    # 3. The soft part: log-probabilities of both at T, the teacher's without gradient.
    # 4. KL(teacher || student), summed over classes, averaged over images.
    # 5. Weigh the two parts; do not forget T².
    ### BEGIN SOLUTION
    if temperature <= 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    hard = F.cross_entropy(student_logits, labels)
    student = F.log_softmax(student_logits / temperature, dim=1)
    teacher = F.log_softmax(teacher_logits.detach() / temperature, dim=1)
    divergence = F.kl_div(student, teacher, log_target=True, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * divergence
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: what does F.kl_div want?</summary>
#
# First the student's **log**-probabilities, then the teacher's probabilities (or their logarithms, with
# `log_target=True`). It computes KL(second || first).
# </details>
# <details><summary>Hint 2: which reduction?</summary>
#
# `reduction="batchmean"` divides by the number of images. The default, `"mean"`, divides by B · K.
# </details>
# <details><summary>Hint 3: it says nan or infinite</summary>
#
# `torch.softmax(x, dim=1).log()` rounds to 0 first and takes the logarithm then. `F.log_softmax(x, dim=1)` does not.
# </details>
# <details><summary>Hint 4: why T²?</summary>
#
# Both distributions become flatter with T, so the gradient of the divergence shrinks as 1/T². Without the factor, a
# change of T would also change how much the teacher counts beside the labels.
# </details>
#
# The check of part 2.

# %% role="tests" id="test_kd_loss" points=6
from effcv_lab.grading.a2_distillation import grade

points = grade("kd_loss", kd_loss, points=6, seed=2)
### BEGIN HIDDEN TESTS
points = grade("kd_loss", kd_loss, points=6, seed=8402, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 3: when the teacher falls silent
#
# A student that is too small to follow its teacher may do better if the teacher falls silent before the end.
#
# **Contract.** `kd_weight(epoch, stop_epoch, alpha)` returns the weight of the teacher in an epoch, a Python number: α
# in every epoch before `stop_epoch`, 0.0 in `stop_epoch` itself and in every epoch after it.
#
# - Epochs count from 0. With `stop_epoch` 0 the teacher is never asked. Nothing need be checked.
#
# **By hand.** With `stop_epoch=2` and `alpha=0.9`, epochs 0, 1, 2, 3 give 0.9, 0.9, 0.0, 0.0.


# %% role="answer" id="kd_weight"
def kd_weight(epoch: int, stop_epoch: int, alpha: float) -> float:
    """Return alpha before stop_epoch, 0.0 from it on."""
    # 1. Does the teacher still speak in this epoch? Then alpha.
    # 2. If not, 0.0.
    ### BEGIN SOLUTION
    return alpha if epoch < stop_epoch else 0.0
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: one epoch too many or too few?</summary>
#
# Write the numbers 0 to 3 on paper, draw a line before 2, and count what stands to its left.
# </details>
#
# The check of part 3.

# %% role="tests" id="test_kd_weight" points=2
from effcv_lab.grading.a2_distillation import grade

points = grade("kd_weight", kd_weight, points=2, seed=3)
### BEGIN HIDDEN TESTS
points = grade("kd_weight", kd_weight, points=2, seed=8403, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 4: a hint from the middle
#
# A teacher can also show what it makes of an image halfway, as a **hint**. Its features have another number of channels
# than the student's, so a small layer, the **regressor**, translates: it learns along with the student and is thrown
# away later.
#
# **Contract.** `hint_loss(student_features, teacher_features, regressor)` takes features `(B, ...)` of both and a
# regressor: a module, or any other function from the one to the other. It returns one number, a tensor of shape `()`:
# half the squared distance between `regressor(student_features)` and `teacher_features`, summed over an image's
# features (rows `(B, D)`, feature maps `(B, C, H, W)`, or whatever comes), averaged over the batch.
#
# - The student's features and the regressor's weights get a gradient, the teacher's features get none.
# - If what the regressor gives has another shape than the teacher's features, that is a `ValueError`, also where torch
#   would stretch one to the other without a word, and where both hold as many numbers.
# - Both features are left as they were.
#
# **By hand.** Two images, a regressor that doubles. Student (1, 2) and (0, 1), teacher (2, 2) and (1, 2). Translated:
# (2, 4) and (0, 2). Squared distances 4 and 1, halves 2 and 0.5, mean 1.25.


# %% role="answer" id="hint_loss"
def hint_loss(student_features: Tensor, teacher_features: Tensor, regressor) -> Tensor:
    """Return half the squared distance of the translated features from the teacher's."""
    # 1. Translate the student's features.
    # 2. Refuse them if the shape is not the teacher's.
    # 3. Take the difference from the teacher's features, which get no gradient.
    # 4. Half its square, summed over each image's features, averaged over the images.
    ### BEGIN SOLUTION
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError(
            f"wanted shape {tuple(teacher_features.shape)}, got {tuple(translated.shape)}"
        )
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: features of any shape</summary>
#
# `x.flatten(1)` makes `(B, D)` of `(B, C, H, W)`, and leaves `(B, D)` alone. Compare the shapes before you flatten.
# </details>
# <details><summary>Hint 2: the mean of what?</summary>
#
# `F.mse_loss(a, b)` averages over everything. With `reduction="sum"` it adds up everything; what is left to divide by?
# </details>
#
# The check of part 4.

# %% role="tests" id="test_hint_loss" points=4
from effcv_lab.grading.a2_distillation import grade

points = grade("hint_loss", hint_loss, points=4, seed=4)
### BEGIN HIDDEN TESTS
points = grade("hint_loss", hint_loss, points=4, seed=8404, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 5: train a student with what you wrote
#
# Not graded. The next cell trains a teacher, a small convolutional net, on 8,000 photographs of clothes: some ten
# seconds; the second time it is found in the cache.

# %% role="given" id="teacher"
from effcv_lab import figures
from effcv_lab.cache import fit_cached
from effcv_lab.data import fashion
from effcv_lab.distillation import up_to
from effcv_lab.models import mlp, small_cnn
from effcv_lab.tables import show_table
from effcv_lab.training import TrainConfig, evaluate, fit, seed_everything

splits = fashion()
classes = splits.validation.classes
config = TrainConfig(epochs=4, learning_rate=0.2)
teacher, _ = fit_cached(small_cnn, splits.train, splits.validation, config)
accuracy = evaluate(teacher, splits.validation)[1]
print(f"{accuracy:.1%} of {len(splits.validation):,} validation images right (one run)")

# %% [markdown]
# **Predict**, before you run on: the network looks at a shirt. What will it say at T = 1, and at T = 4? From which
# of the two could a student learn more about which clothes look alike?

# %% role="given" id="one_shirt"
shirts = (splits.validation.labels == classes.index("Shirt")).nonzero()[:, 0]
image = splits.validation.images[shirts[:1]]
device = next(teacher.parameters()).device
try:
    targets = {f"T = {T}": soft_targets(teacher, image.to(device), T)[0].cpu() for T in (1, 4)}
    figures.show(figures.image_grid(image, ["Shirt"], title="What the teacher sees"))
    figures.show(
        figures.probability_bars(
            targets,
            classes,
            title="What it would tell a student",
            note="One validation image, one network.",
        )
    )
except NotImplementedError:
    print("Write part 1, then run this cell again.")

# %% [markdown]
# Now the student: 30 hidden units and 500 labelled images. `fit` is the loop of the lectures; only the loss is new. It
# asks `kd_weight` at the start of each epoch how much the teacher counts.
#
# **Predict**: which does best, labels only, the teacher throughout, or the teacher for the first half?


# %% role="given" id="distil"
class FromTeacher:
    """A loss that asks the teacher until stop_epoch."""

    def __init__(self, temperature, alpha, stop_epoch):
        self.temperature, self.alpha, self.stop_epoch = temperature, alpha, stop_epoch

    def start_epoch(self, epoch):
        self.weight = kd_weight(epoch, self.stop_epoch, self.alpha)

    def __call__(self, student, images, labels):
        with torch.no_grad():
            teacher_logits = teacher(images)
        logits = student(images)
        return kd_loss(logits, teacher_logits, labels, self.temperature, self.weight)


few = splits.train.subset(range(500))
arms = {"labels only": 0, "teacher for 5 epochs": 5, "teacher throughout": 10}
try:
    rows = []
    for name, stop_epoch in arms.items():
        found = []
        for seed in range(3):
            seed_everything(seed)
            student = mlp(hidden=(30,))
            once = TrainConfig(epochs=10, learning_rate=0.05, seed=seed)
            loss = FromTeacher(temperature=4, alpha=0.5, stop_epoch=stop_epoch)
            fit(student, few, splits.validation, once, batch_loss=loss, progress=False)
            found.append(evaluate(student, splits.validation)[1])
        sample = torch.tensor(found)
        rows.append(
            {"10 epochs with": name, "accuracy": f"{sample.mean():.1%} ± {sample.std():.1%}"}
        )
    show_table(rows)
    print("Validation images; mean and standard deviation over 3 seeds.")
except NotImplementedError:
    print("Write parts 2 and 3, then run this cell again.")

# %% [markdown]
# Is the difference larger than the spread? Try another T, another α, more images: part 6 asks what such tries can show.
#
# Last, a hint: a thin student with 4 channels looks at 200 images, a regressor translates them to the teacher's 16, and
# both learn to make your loss small.

# %% role="given" id="hint"
guide = up_to(teacher, "block1")
seed_everything(0)
thin = up_to(small_cnn((4, 4)), "block1").to(device)
regressor = nn.Conv2d(4, 16, kernel_size=1).to(device)
images = splits.train.images[:200].to(device)
try:
    with torch.no_grad():
        hints = guide(images)
    optimizer = torch.optim.Adam([*thin.parameters(), *regressor.parameters()], lr=0.02)
    losses = []
    for _ in range(60):
        loss = hint_loss(thin(images), hints, regressor)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    nothing = hints.square().sum().item() / 2 / len(hints)
    print(f"Hint loss: {losses[0]:.0f} at first, {losses[-1]:.0f} after {len(losses)} steps;")
    print(f"a student that says 0 everywhere would have {nothing:.0f}.")
except NotImplementedError:
    print("Write part 4, then run this cell again.")

# %% [markdown] role="given" id="design_a_control_question"
# ## Part 6: design a control (4 points)
#
# A classmate distils a large network into a student with 10 hidden units, at T = 20. The student does no better than
# the same student trained on the labels only. Two explanations are offered:
#
# - "The student is **too small** to follow such a teacher."
# - "The **temperature was wrong**: at T = 20 the targets were not what this student could use."
#
# Training once more with T = 2 will not settle it: if that fails too, both explanations are still alive.
#
# **Describe the training runs (the control) that tell the two explanations apart**, in 100 to 200 words.
#
# | Points | For |
# |--:|---|
# | 1 | what you vary and what you hold fixed while you do, so that each explanation is tested by itself |
# | 1 | what each distilled student is compared with, and what else must be equal, the factor T² included |
# | 1 | what you measure, on which images, so that students at different T can be compared and luck is ruled out |
# | 1 | which outcome speaks for which explanation, and one outcome that speaks for neither |

# %% [markdown] role="written" id="design_a_control" points=4
# === BEGIN SOLUTION
# **Full (4).** A grid: students with 10, 30, 100 and 300 hidden units, each distilled at T = 1, 2, 4, 8 and 20, and
# each also trained on the labels only. Along a row only T changes, along a column only the size. What counts is the
# *gain*: distilled minus labels only, at the same size. Teacher, images, α, epochs and first weights are the same
# within a row; the T² stays in, or T would change the teacher's weight too; the learning rate is tuned for every cell
# in the same way. I measure validation accuracy at T = 1 (divergences at T = 2 and at T = 20 are not on one scale),
# five seeds each, gains seed by seed, mean and spread. If 10 units gain at some other T, the temperature was wrong. If
# they gain at no T, while larger students gain at T = 20 too, they were too small. If larger ones gain at T = 20 and 10
# units at T = 2 only, both play a part. If nobody gains anywhere, it was neither: look at the teacher, at α, or at
# whether anything is left to gain.
#
# **Middle (2 to 3).** "Train the student with 10 units at T = 1, 2, 5, 10 and 20, three seeds each, and take the best on
# the validation set. If one of them beats the labels only, T was wrong, otherwise it is too small." Tests T by itself
# (0.5 to 1); the right baseline, but not what else must be equal (0.5); seeds and validation images (0.5 to 1);
# "otherwise too small" is a guess, because no larger student was tried (0.5 for the outcomes).
#
# **Low (0 to 1).** "Use a bigger student with T = 4. If it is better, the first was too small." Changes size and T at
# once, and a bigger student is better without any teacher; a mention of several seeds or of the T² earns part of a
# point.
# === END SOLUTION
