# %% [markdown]
# # Assignment a1: softmax temperature
#
# You will write the four functions that chapter 1 stands on, look through them at a network that you train, and
# design a control for a claim about it.
#
# | Part | What you write | Points | About |
# |---|---|--:|--:|
# | 1 | `softmax_with_temperature` | 4 | 15 min |
# | 2 | `entropy` | 3 | 10 min |
# | 3 | `temperature_for_entropy` | 5 | 25 min |
# | 4 | `dark_knowledge` | 4 | 15 min |
# | 5 | nothing: look at a real network | | 10 min |
# | 6 | a control experiment, in words | 4 | 15 min |
# | | | **20** | **90 min** |
#
# **You need** lecture 01. No GPU, no internet; all cells together compute for less than half a minute.

# %% [markdown]
# ## How it works
#
# - Run the cells from top to bottom with `Shift`+`Enter`. Each function has a check right below it: run it as often
#   as you like, and read what it says.
# - A check tries your function on random inputs, promise by promise; every promise kept earns its share. For grading,
#   new inputs are drawn and a few more promises of the text are tried. Differently written, equally right answers
#   earn the same.
# - All of torch is yours to use. The functions of `effcv_lab` are not: they are what you are writing.
# - Write your own helpers in the cells with a function to fill in. Cells of your own to try things are welcome; leave
#   the given ones where they are, and do not copy them.
# - Part 6 is graded by a person, by the rubric that stands there.

# %% role="given" id="setup"
import math

import torch
from torch import Tensor
from torch.nn import functional as F

from effcv_lab.grading.a1_temperature import grade

torch.set_num_threads(1)  # steadier than two for nets this small

# %% [markdown]
# ## Part 1: softmax with a temperature
#
# **Contract.** `softmax_with_temperature(logits, temperature)` takes scores `logits (B, K)`, one row for each image,
# and a number T. It returns probabilities `(B, K)` of the same dtype: row by row
# $$p_k = \frac{e^{z_k/T}}{\sum_j e^{z_j/T}}.$$
#
# - Scores of 10,000 and -10,000 are no trouble, at any T from 0.001 to 1,000,000.
# - T ≤ 0 is a `ValueError`.
# - `logits` is left as it was. Any B and K will do, also K = 1.
#
# **By hand.** The scores (ln 6, ln 3, ln 1) are made so that T = 1 gives (0.6, 0.3, 0.1). At T = 2 each $e^{z/2}$ is a
# square root: (2.449, 1.732, 1) over their sum 5.182 gives (0.473, 0.334, 0.193), a flatter row.


# %% role="answer" id="softmax_with_temperature"
def softmax_with_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Turn scores (B, K) into probabilities (B, K) at a temperature > 0."""
    # 1. Refuse a temperature that is not positive.
    # 2. Make the largest score of each row 0: this changes no probability, and exp() cannot overflow.
    # 3. Divide by the temperature, take exp().
    # 4. Divide each row by its own sum.
    ### BEGIN SOLUTION
    if temperature <= 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    below_top = logits - logits.max(dim=1, keepdim=True).values
    powers = torch.exp(below_top / temperature)
    return powers / powers.sum(dim=1, keepdim=True)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: which axis?</summary>
#
# Every row must sum to 1. Rows of a `(B, K)` tensor run along `dim=1`.
# </details>
# <details><summary>Hint 2: shapes</summary>
#
# `x.max(dim=1, keepdim=True).values` has shape `(B, 1)`, so it can be subtracted from `(B, K)` row by row. Without
# `keepdim=True` it has shape `(B,)`, which lines up with the columns.
# </details>
# <details><summary>Hint 3: why subtract the largest?</summary>
#
# In float32 `exp(89)` is already infinite, and infinity divided by infinity is nan. Multiplying top and bottom of the
# fraction by $e^{-m/T}$ changes nothing, and with m the largest score the largest power is $e^0$.
# </details>
#
# The check of part 1. You are done when it says *4 of 4 points*.

# %% role="tests" id="test_softmax_with_temperature" points=4
from effcv_lab.grading.a1_temperature import grade

points = grade("softmax_with_temperature", softmax_with_temperature, points=4, seed=1)
### BEGIN HIDDEN TESTS
points = grade(
    "softmax_with_temperature", softmax_with_temperature, points=4, seed=7301, hidden=True
)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 2: entropy
#
# **Contract.** `entropy(probs)` takes probabilities `(B, K)` and returns one number for each row, `(B,)`, of the same
# dtype: $H = -\sum_k p_k \ln p_k$, in **nats** (natural logarithm).
#
# - A zero probability contributes zero.
# - `probs` is left as it was. Any B and K will do, also K = 1.
#
# **By hand.** (0.5, 0.5, 0) has entropy $-2 \cdot 0.5 \ln 0.5 = \ln 2 = 0.693$: as undecided as a fair coin. A certain
# row such as (1, 0, 0) has 0, and K equal probabilities have ln K, the most there is.


# %% role="answer" id="entropy"
def entropy(probs: Tensor) -> Tensor:
    """Return the entropy in nats of each row of probs (B, K), as (B,)."""
    # 1. Take logarithms where the probability is positive; log(0) must not get in.
    # 2. Sum -p ln p over the classes.
    ### BEGIN SOLUTION
    one_for_zero = torch.where(probs > 0, probs, torch.ones_like(probs))
    return -(probs * one_for_zero.log()).sum(dim=1)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: what goes wrong with zero</summary>
#
# Try `torch.tensor(0.0) * torch.tensor(0.0).log()` in a cell of your own.
# </details>
# <details><summary>Hint 2: a value that does no harm</summary>
#
# `torch.where(condition, a, b)` picks from `a` or `b`, entry by entry, in a new tensor. Whose logarithm is 0?
# </details>
#
# The check of part 2.

# %% role="tests" id="test_entropy" points=3
from effcv_lab.grading.a1_temperature import grade

points = grade("entropy", entropy, points=3, seed=2)
### BEGIN HIDDEN TESTS
points = grade("entropy", entropy, points=3, seed=7302, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 3: the temperature for an entropy
#
# A temperature says little by itself: T = 5 flattens small scores and hardly touches large ones. An entropy means the
# same for every network. So turn the question round: **which T gives this entropy?** No formula answers it, but
# entropy only ever rises with T, and that is enough.
#
# **Contract.** `temperature_for_entropy(logits, target_entropy)` takes the scores of one image, `(K,)`, without a tie
# at the top, and a target in nats. It returns T as a Python `float`: the softmax at this T has that entropy to 0.0001.
#
# - Scores may be as small as 0.01 or as large as 10,000, all moved by 1,000 or not, targets from 1 % to 99 % of ln K:
#   the answer lies somewhere between 0.0001 and 1,000,000.
# - The target must lie strictly between 0 and ln K; anything else is a `ValueError`.
# - `logits` is left as it was.
#
# **By hand.** Scores (1, 0), target 0.5623. (0.75, 0.25) has this entropy, so $e^{1/T} = 0.75/0.25 = 3$ and
# $T = 1/\ln 3 = 0.910$.


# %% role="answer" id="temperature_for_entropy"
def temperature_for_entropy(logits: Tensor, target_entropy: float) -> float:
    """Return the temperature at which the softmax of logits (K,) has the target entropy in nats."""
    # 1. Refuse a target that no temperature reaches.
    # 2. Take an interval of ln T that is sure to hold the answer.
    # 3. Look at the entropy in the middle: too low means that T must go up, so keep the upper half.
    # 4. Halve until nothing changes any more, and return T itself.
    ### BEGIN SOLUTION
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError(f"target_entropy must be between 0 and ln K, got {target_entropy}")
    low, high = math.log(1e-6), math.log(1e8)
    for _ in range(60):
        middle = (low + high) / 2
        probs = F.softmax(logits.double() / math.exp(middle), dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return math.exp(middle)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: use parts 1 and 2</summary>
#
# They take batches: `logits[None]` has shape `(1, K)`, and `.item()` makes a Python number of a tensor with one entry.
# If they are not done yet, `torch.softmax((logits - logits.max()).double() / T, dim=0)` and `torch.special.entr(probs).sum()` will do.
# </details>
# <details><summary>Hint 2: why ln T?</summary>
#
# The answer may be 0.001 or 100,000. Halving an interval of T spends nearly all steps on large values; halving one of
# ln T treats 0.001 to 0.01 like 10,000 to 100,000. Sixty halvings are plenty.
# </details>
# <details><summary>Hint 3: it runs to one end</summary>
#
# Print `low`, `high` and the entropy in every step. Too low an entropy means too low a T: which end must move?
# </details>
#
# The check of part 3.

# %% role="tests" id="test_temperature_for_entropy" points=5
from effcv_lab.grading.a1_temperature import grade

points = grade("temperature_for_entropy", temperature_for_entropy, points=5, seed=3)
### BEGIN HIDDEN TESTS
points = grade("temperature_for_entropy", temperature_for_entropy, points=5, seed=7303, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 4: dark knowledge
#
# What does a network think besides its answer? Take the label's probability away and look at how it shares out the rest.
#
# **Contract.** `dark_knowledge(probs, labels)` takes probabilities `(B, K)` and whole-number labels `(B,)`. It returns
# shares `(B, K)` of the dtype of `probs`: in each row the part of the probability *not on the label* that each other
# class holds. At the label it is zero, so the row sums to 1.
#
# - The label need not be the most probable class: the network can be wrong.
# - A row whose label holds everything (every other entry is exactly zero) is all zeros.
# - Little left is not nothing left: where the others hold 0.00000003 together, their shares are still exact. Networks
#   that are trained well are often this sure.
# - `probs` and `labels` are left as they were. K = 1 will do: all zeros.
#
# **By hand.** (0.90, 0.08, 0.02) with label 0: the others hold 0.10 in all, so the shares are (0, 0.8, 0.2).


# %% role="answer" id="dark_knowledge"
def dark_knowledge(probs: Tensor, labels: Tensor) -> Tensor:
    """Return how each row of probs (B, K) shares out what is not on its label, as (B, K)."""
    # 1. Make a copy with zero at each row's label.
    # 2. Add up what is left in each row.
    # 3. Divide, but never by zero.
    ### BEGIN SOLUTION
    others = probs.scatter(1, labels[:, None], 0.0)
    rest = others.sum(dim=1, keepdim=True)
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: one entry in each row</summary>
#
# `copy[torch.arange(B), labels] = 0` pairs row numbers with labels; so does `probs.scatter(1, labels[:, None], 0.0)`.
# </details>
# <details><summary>Hint 2: what to divide by</summary>
#
# In float32, `1 - 0.999995` has lost most of its digits. The sum of the others has not.
# </details>
#
# The check of part 4.

# %% role="tests" id="test_dark_knowledge" points=4
from effcv_lab.grading.a1_temperature import grade

points = grade("dark_knowledge", dark_knowledge, points=4, seed=4)
### BEGIN HIDDEN TESTS
points = grade("dark_knowledge", dark_knowledge, points=4, seed=7304, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 5: look through your functions at a real network
#
# Not graded. The next cell trains a small network on 8,000 photographs of clothes, in a few seconds; the second time
# it is found in the cache.

# %% role="given" id="teacher"
from functools import partial

from effcv_lab import figures
from effcv_lab.cache import fit_cached
from effcv_lab.data import fashion
from effcv_lab.models import mlp
from effcv_lab.training import TrainConfig, evaluate, predict_logits

splits = fashion()
classes = splits.validation.classes
teacher, _ = fit_cached(
    partial(mlp, hidden=(100,)), splits.train, splits.validation, TrainConfig(epochs=4)
)
accuracy = evaluate(teacher, splits.validation)[1]
print(f"{accuracy:.1%} of {len(splits.validation):,} validation images right (one run)")

# %% [markdown]
# **Predict**, before you run on: the network looks at a shirt. Which class comes second, and will the *share* of that
# class be larger at T = 1 or at T = 5?

# %% role="given" id="one_shirt"
shirts = (splits.validation.labels == classes.index("Shirt")).nonzero()[:, 0]
image, label = splits.validation.images[shirts[:1]], splits.validation.labels[shirts[:1]]
logits = predict_logits(teacher, image)
try:
    shares = {
        f"T = {T}": dark_knowledge(softmax_with_temperature(logits, T), label)[0] for T in (1, 5)
    }
    figures.show(figures.image_grid(image, ["Shirt"], title="What the network sees"))
    figures.show(
        figures.probability_bars(
            shares,
            classes,
            title="How it shares out what is not on 'Shirt'",
            x_label="Share of the rest",
            note="One validation image, one network.",
        )
    )
except NotImplementedError:
    print("Write parts 1 and 4, then run this cell again.")

# %% [markdown]
# Next: one temperature for each image, so that all of them are *equally* undecided, at half of ln 10. A network that is
# very sure of an image needs a high T to get there.

# %% role="given" id="equal_entropy"
first = predict_logits(teacher, splits.validation.images[:50])
try:
    half = math.log(len(classes)) / 2
    found = torch.tensor([temperature_for_entropy(row, half) for row in first])
    at_one = entropy(softmax_with_temperature(first, 1.0))
    order = found.argsort()
    print(f"T for an entropy of {half:.3f} nats, over {len(found)} validation images:")
    for name, i in {"lowest": order[0], "middle": order[25], "highest": order[-1]}.items():
        print(f"  {name:8} T = {found[i]:6.2f}   entropy at T = 1: {at_one[i]:.4f} nats")
except NotImplementedError:
    print("Write parts 1, 2 and 3, then run this cell again.")

# %% [markdown] role="given" id="design_a_control_question"
# ## Part 6: design a control (4 points)
#
# A classmate trains a small student network twice on the same images: once on hard labels, once on the teacher's
# probabilities at T = 5. The second does better. "So the dark knowledge helps," says the classmate, "the student learns
# that a shirt resembles a coat."
#
# But soft targets differ from hard labels in *two* ways: they are **soft** (less than 1 on the label), and the rest is
# shared out in a **meaningful** way. Softness alone might do it.
#
# **Describe one more training run (a control) that tells the two explanations apart**, in 100 to 200 words.
#
# | Points | For |
# |--:|---|
# | 1 | its targets are exactly as soft as the teacher's, image by image |
# | 1 | they carry no knowledge of which classes are alike, and you say how they are made |
# | 1 | what you hold equal, what you measure it on, and how you know that a difference is not luck |
# | 1 | for two possible outcomes, what each would mean |

# %% [markdown] role="written" id="design_a_control" points=4
# === BEGIN SOLUTION
# **Full (4).** For each training image keep the teacher's probability at T = 5 on the label, and hand its other nine
# probabilities to the other nine classes in random order (drawn anew for each image, then fixed). Label probability and
# entropy of every target stay the same, so the targets are exactly as soft; which class gets the large share no longer
# has to do with what the image looks like. Everything else is equal: images, student, initial weights, order of
# batches, T and the factor T², epochs, learning rate (tuned for each arm in the same way). Three arms, hard labels,
# teacher, shuffled teacher, each with at least five seeds; mean and spread of the validation accuracy, differences
# taken seed by seed; the test set once, at the end. If shuffled targets do as well as the teacher's, softness was
# enough and the classmate's explanation is not supported. If they do no better than hard labels, it is the sharing
# that helps. In between, both contribute, and the two differences say how much. Limits: a shuffled target is also
# noisier than a constant one; label smoothing with the same mean softness would be a second control.
#
# **Middle (2 to 3).** "Use label smoothing instead of the teacher: 1 - e on the label and e / 9 on the others, with e
# such that it is as soft as the teacher on average. Same student, same epochs, several seeds, validation accuracy. If
# smoothing is as good, dark knowledge was not needed." Carries no similarity (1), fair comparison (1); soft only on
# average, not image by image (0 to 0.5); one outcome only (0.5).
#
# **Low (0 to 1).** "Train again with T = 1 and compare." Changes softness and sharing at once, so it cannot tell them
# apart; a mention of several seeds or of equal training earns part of the third point.
# === END SOLUTION
