# %% [markdown]
# # Assignment a4: curriculum learning
#
# You will write what a curriculum needs: a switch, a pace, a measure of what is easy, batches that follow from them,
# and images that begin with their low frequencies. Then you train nets with a curriculum of your own, and say which
# control rules out that they "just saw more data".
#
# | Part | What you write | Points | About |
# |---|---|--:|--:|
# | 1 | `switch_schedule` | 2 | 5 min |
# | 2 | `pacing` | 2 | 10 min |
# | 3 | `elongation` | 3 | 25 min |
# | 4 | `curriculum_batches` | 5 | 25 min |
# | 5 | `low_frequency_crop` | 4 | 20 min |
# | 6 | nothing: train nets with your curriculum, look at a spectrum | | 10 min |
# | 7 | a control experiment, in words | 4 | 15 min |
# | | | **20** | **110 min** |
#
# **You need** lecture 04. No GPU, no internet; all cells together compute for less than half a minute.

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
# - Part 7 is graded by a person, by the rubric that stands there.

# %% role="given" id="setup"
import math

import torch
from torch import Tensor
from torch.nn import functional as F

from effcv_lab.grading.a4_curriculum import grade

torch.set_num_threads(1)  # steadier than two for nets this small

# %% [markdown]
# ## Part 1: the switch
#
# The first curriculum for images has two stages: an easy set, then the hard one.
#
# **Contract.** `switch_schedule(epochs, switch_epoch)` returns a list of `epochs` strings, one for each epoch: `"easy"`
# in every epoch before `switch_epoch`, `"hard"` in `switch_epoch` itself and in every epoch after it.
#
# - Epochs count from 0. With `switch_epoch` 0 all are hard, with `switch_epoch` equal to `epochs` all are easy.
# - Nothing need be checked.
#
# **By hand.** `switch_schedule(4, 1)` is `["easy", "hard", "hard", "hard"]`.


# %% role="answer" id="switch_schedule"
def switch_schedule(epochs: int, switch_epoch: int) -> list[str]:
    """Name the set of each epoch: "easy" before switch_epoch, "hard" from it on."""
    # 1. Go through the epochs, counted from 0.
    # 2. Name each one, and collect the names in a list.
    ### BEGIN SOLUTION
    return ["easy" if epoch < switch_epoch else "hard" for epoch in range(epochs)]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: one epoch too many or too few?</summary>
#
# Write the numbers 0 to 3 on paper, draw a line before 1, and count what stands to its left.
# </details>
#
# The check of part 1. You are done when it says *2 of 2 points*.

# %% role="tests" id="test_switch_schedule" points=2
from effcv_lab.grading.a4_curriculum import grade

points = grade("switch_schedule", switch_schedule, points=2, seed=1)
### BEGIN HIDDEN TESTS
points = grade("switch_schedule", switch_schedule, points=2, seed=9501, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 2: the pace
#
# A finer curriculum has one set, sorted from easy to hard. Training draws from the beginning of the row, and the part in
# use grows.
#
# **Contract.** `pacing(step, total_steps, start_fraction, full_at)` returns the fraction of the sorted examples in use
# at a step, a Python float or int. It grows **linearly** from `start_fraction` at step 0 to 1.0 at step
# `full_at * total_steps`, and is 1.0 ever after.
#
# - Steps count from 0. A step may also be larger than `total_steps`: 1.0.
# - `start_fraction` and `full_at` lie above 0 and up to 1, both may be 1. `full_at * total_steps` need not be a whole
#   number, and may be less than 1. Nothing need be checked.
#
# **By hand.** With 10 steps, `start_fraction=0.2` and `full_at=0.4` the climb takes 4 steps: 0.2, 0.4, 0.6, 0.8, 1.0,
# 1.0, and so on.


# %% role="answer" id="pacing"
def pacing(step: int, total_steps: int, start_fraction: float, full_at: float) -> float:
    """Return the fraction of the sorted examples in use at a step."""
    # 1. How much of the climb is done at this step? 0 at first; it ends at 1.
    # 2. After the climb: 1.0.
    # 3. Else go that share of the way from start_fraction to 1.
    ### BEGIN SOLUTION
    share = min(1.0, step / (full_at * total_steps))
    return start_fraction + (1 - start_fraction) * share
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: how much of the climb</summary>
#
# The climb takes `full_at * total_steps` steps. At step s, s of them are done.
# </details>
# <details><summary>Hint 2: how far to climb</summary>
#
# From `start_fraction` to 1 it is `1 - start_fraction`.
# </details>
#
# The check of part 2.

# %% role="tests" id="test_pacing" points=2
from effcv_lab.grading.a4_curriculum import grade

points = grade("pacing", pacing, points=2, seed=2)
### BEGIN HIDDEN TESTS
points = grade("pacing", pacing, points=2, seed=9502, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 3: what makes a shape easy?
#
# In the shapes task the easy set holds squares, circles and equilateral triangles; the hard one has them squeezed, up to
# 2 : 1. So measure in the picture itself how far a shape is drawn out, whatever it is.
#
# **Contract.** `elongation(images)` takes pictures `(B, 1, H, W)` of one shape each on a plain ground, and returns one
# number for each, `(B,)`, of the images' dtype:
# $$1 - \frac{\text{short}}{\text{long}}.$$
#
# - The **mass** of a pixel is how much it differs from the ground: |pixel - upper left pixel|. The upper left pixel of
#   each picture belongs to its ground. Dark and bright parts count alike; faint ones count less.
# - Around the centre of the mass, rows r and columns c have a covariance, weighted by the mass, in pixels²:
#   $$\begin{pmatrix} \overline{(r-\bar r)^2} & \overline{(r-\bar r)(c-\bar c)} \\
#   \overline{(r-\bar r)(c-\bar c)} & \overline{(c-\bar c)^2} \end{pmatrix}.$$
#   The roots of its two eigenvalues are the spreads: **long** is the larger, **short** the smaller.
# - So the place, the turn, the size and the contrast of a shape do not count. A circle or a square has 0, a straight
#   line 1 (not nan: rounding can make an eigenvalue of 0 slightly negative). A shape has at least two pixels.
# - A picture that is nothing but ground is a `ValueError`, also among others. `images` are left as they were.
#
# **By hand.** A bar of 2 rows and 4 columns: rows lie 0.5 from their mean, columns 1.5, 0.5, 0.5 and 1.5. The covariance
# has 0.25 and 1.25 on its diagonal and 0 beside it. 1 - √0.25/√1.25 = 1 - 0.5/1.118 = 0.553.


# %% role="answer" id="elongation"
def elongation(images: Tensor) -> Tensor:
    """Measure how far the shape in each picture is drawn out: 0 = not at all, 1 = a line."""
    # 1. The mass of each pixel, (B, H, W). Refuse a picture without any.
    # 2. Weights: each picture's mass divided by its sum.
    # 3. Rows and columns of the pixels, minus their weighted means: the distances from the centre.
    # 4. The weighted means of the three products: the covariance.
    # 5. Its eigenvalues, not below 0; their roots; 1 - short / long.
    ### BEGIN SOLUTION
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    total = mass.sum(dim=(1, 2), keepdim=True)
    if (total == 0).any():
        raise ValueError("a picture is nothing but ground")
    weight = mass / total
    rows = torch.arange(images.shape[2], dtype=images.dtype)[:, None]
    columns = torch.arange(images.shape[3], dtype=images.dtype)
    down = rows - (weight * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (weight * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (weight * down**2).sum(dim=(1, 2)), (weight * across**2).sum(dim=(1, 2))
    c = (weight * down * across).sum(dim=(1, 2))
    middle, apart = (a + b) / 2, ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - ((middle - apart).clamp_min(0) / (middle + apart)).sqrt()
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: the ground of each picture</summary>
#
# `images[:, :, :1, :1]` has shape `(B, 1, 1, 1)` and holds the upper left pixel of each picture; it can be subtracted
# from `images`.
# </details>
# <details><summary>Hint 2: rows and columns</summary>
#
# `torch.arange(H)[:, None]` has the row of each pixel, `(H, 1)`, `torch.arange(W)` the column, `(W,)`. Both line up with
# `(B, H, W)`. A weighted mean is `(weight * rows).sum(dim=(1, 2), keepdim=True)`.
# </details>
# <details><summary>Hint 3: eigenvalues</summary>
#
# `torch.linalg.eigvalsh` takes matrices `(B, 2, 2)` and returns `(B, 2)`, the smaller first. By hand they are
# $(a+b)/2 \pm \sqrt{(a-b)^2/4 + c^2}$, with a and b on the diagonal and c beside it.
# </details>
#
# The check of part 3.

# %% role="tests" id="test_elongation" points=3
from effcv_lab.grading.a4_curriculum import grade

points = grade("elongation", elongation, points=3, seed=3)
### BEGIN HIDDEN TESTS
points = grade("elongation", elongation, points=3, seed=9503, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 4: batches of a curriculum
#
# **Contract.** `curriculum_batches(difficulty, pacing_fn, batch_size, total_steps, seed)` takes difficulties `(N,)`,
# smaller is easier, and a function from the step to a fraction. It returns a list of `total_steps` tensors
# `(batch_size,)` of indices: which of the N examples the batch of each step holds.
#
# - The **pool** of step s, counted from 0, is the easiest `max(batch_size, ceil(pacing_fn(s) * N))` examples. Of equal
#   difficulties any may come first.
# - Batch s is drawn from the pool of step s: every example of the pool has the same chance, none comes twice in a batch.
#   Each step draws anew.
# - The same seed gives the same batches, whatever else was drawn before; another seed gives others. Everybody else's
#   random numbers go on as before: draw from a generator of your own, not from torch's common one.
# - `pacing_fn` may be any function, not only that of part 2, and may fall again. 1 ≤ `batch_size` ≤ N.
# - `difficulty` is left as it was. The order within a batch is open. Nothing need be checked.
#
# **By hand.** Difficulties (3, 1, 2, 0), a fraction of 0.5, batches of 2: the pool is the examples 3 and 1, the two
# easiest, so the batch is (3, 1) or (1, 3). At 0.6 the pool has ceil(2.4) = 3 examples, 3, 1 and 2.


# %% role="answer" id="curriculum_batches"
def curriculum_batches(
    difficulty: Tensor, pacing_fn, batch_size: int, total_steps: int, seed: int
) -> list[Tensor]:
    """Draw a batch of indices for each step from a pool of the easiest examples."""
    # 1. Make a random generator with the seed: torch.Generator().manual_seed(seed).
    # 2. Put the examples in order, the easiest first.
    # 3. For each step: how many examples are in the pool?
    # 4. Draw batch_size different positions of the pool, and look up which examples stand there.
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        positions = torch.randperm(pool, generator=generator)[:batch_size]
        batches.append(easiest_first[positions])
    return batches
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: order and positions</summary>
#
# `difficulty.argsort()` lists the examples, the easiest first. Its entry at position 0 is the *index* of the easiest.
# </details>
# <details><summary>Hint 2: drawing without repetition</summary>
#
# `torch.randperm(n, generator=generator)` has the numbers 0 to n - 1 in random order. Its first few are a draw without
# repetition.
# </details>
# <details><summary>Hint 3: the same batch in every step?</summary>
#
# A generator that is made inside the loop begins anew each time. Make it once, and hand the same one to every draw.
# </details>
#
# The check of part 4. It numbers the examples in the order of difficulty: number 1 is the easiest.

# %% role="tests" id="test_curriculum_batches" points=5
from effcv_lab.grading.a4_curriculum import grade

points = grade("curriculum_batches", curriculum_batches, points=5, seed=4)
### BEGIN HIDDEN TESTS
points = grade("curriculum_batches", curriculum_batches, points=5, seed=9504, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 5: low frequencies first
#
# A curriculum can also be cheap: early epochs see only the coarse content of each image, on fewer pixels.
#
# **Contract.** `low_frequency_crop(images, bandwidth)` takes square images `(B, C, H, H)` and an even number b, and
# returns real images `(B, C, b, b)` of the same dtype: of the two-dimensional spectrum of each channel, with frequency
# 0 shifted to the middle (to index `H // 2`), keep the central b × b part; shift it back, transform it back, take the
# real part, and scale so that the mean intensity stays what it was.
#
# - The central part begins at index `H // 2 - b // 2` and holds the frequencies -b/2 to b/2 - 1. H may be odd.
# - b must be even and lie in [2, H]; anything else is a `ValueError`. With b = H the images come back.
# - Values may lie a little outside the range of the input; leave them there. `images` are left as they were.
#
# **By hand.** A plain grey image of 4 × 4 pixels, all 0.5: frequency 0 holds the sum, 16 · 0.5 = 8, all others 0. For
# b = 2, transforming back divides by 4 pixels instead of 16, which gives 2; times (2/4)² that is 0.5 again.


# %% role="answer" id="low_frequency_crop"
def low_frequency_crop(images: Tensor, bandwidth: int) -> Tensor:
    """Keep the lowest frequencies of square images, and only as many pixels as these need."""
    # 1. Refuse a bandwidth that is odd, below 2 or above H.
    # 2. The spectrum of the last two axes, frequency 0 shifted to the middle.
    # 3. Its central part.
    # 4. Shift back, transform back, take the real part.
    # 5. Scale: the forward transform added up H * H pixels, the way back divided by b * b.
    ### BEGIN SOLUTION
    side = images.shape[-1]
    if bandwidth % 2 or not 2 <= bandwidth <= side:
        raise ValueError(f"bandwidth must be even and in [2, {side}], got {bandwidth}")
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    first = side // 2 - bandwidth // 2
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real
    return small * (bandwidth / side) ** 2
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint 1: where is which frequency?</summary>
#
# Print `torch.fft.fftfreq(8) * 8` and `torch.fft.fftshift(torch.fft.fftfreq(8)) * 8`. Only after the shift do the low
# frequencies stand together.
# </details>
# <details><summary>Hint 2: the tools</summary>
#
# `torch.fft.fft2`, `fftshift(..., dim=(-2, -1))`, `ifftshift(..., dim=(-2, -1))`, `ifft2`. Without `dim` the shifts also
# turn images and channels.
# </details>
# <details><summary>Hint 3: why is there an imaginary part?</summary>
#
# Each frequency of a real image has a partner of the opposite sign. With b even, -b/2 has lost its partner b/2; what it
# adds that is imaginary is dropped.
# </details>
#
# The check of part 5.

# %% role="tests" id="test_low_frequency_crop" points=4
from effcv_lab.grading.a4_curriculum import grade

points = grade("low_frequency_crop", low_frequency_crop, points=4, seed=5)
### BEGIN HIDDEN TESTS
points = grade("low_frequency_crop", low_frequency_crop, points=4, seed=9505, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown]
# ## Part 6: use what you wrote
#
# Not graded. First: does your `elongation` know easy shapes from hard ones? All pictures below are of the hard set, whose
# shapes are squeezed by chance, some of them hardly.

# %% role="given" id="easy_and_hard"
from effcv_lab import figures
from effcv_lab.experiments.shapes_task import shapes_task

task = shapes_task(1_200)
try:
    difficulty = elongation(task.hard.images)
    order = difficulty.argsort()
    chosen = torch.cat([order[:5], order[-5:]])
    figures.show(
        figures.image_grid(
            task.hard.images[chosen],
            [f"{value:.2f}" for value in difficulty[chosen]],
            title="The least and the most drawn out of 1,200 shapes",
            columns=5,
            note="Below each picture: its elongation.",
        )
    )
    print(f"On average {elongation(task.easy.images).mean():.2f} in the easy set,")
    print(f"{difficulty.mean():.2f} in the hard one.")
except NotImplementedError:
    print("Write part 3, then run this cell again.")

# %% [markdown]
# Now train: six arms, three seeds each, all nets side by side, the same number of steps for all. What is judged is always
# the hard set.
#
# **Predict**: which arm ends with the lowest error? Is the difference larger than the spread over seeds?

# %% role="given" id="train"
from effcv_lab.curriculum import shuffled, union
from effcv_lab.models import mlp
from effcv_lab.replicates import fit_replicates
from effcv_lab.tables import show_table
from effcv_lab.training import TrainConfig

config = TrainConfig(epochs=10, batch_size=50, learning_rate=0.05)
steps = len(task.hard) // config.batch_size  # in an epoch
validation = task.validation.subset(range(500))


def two_stages(switch_epoch):
    names = switch_schedule(config.epochs, switch_epoch)
    return lambda epoch: {"easy": task.easy, "hard": task.hard}[names[epoch]]


def growing_pool(difficulty, seed):
    total = config.epochs * steps
    batches = curriculum_batches(
        difficulty, lambda step: pacing(step, total, 0.25, 0.5), config.batch_size, total, seed
    )
    return lambda epoch: task.hard.subset(torch.cat(batches[epoch * steps : (epoch + 1) * steps]))


def different_pictures(train):
    seen = (image for epoch in range(config.epochs) for image in train(epoch).images)
    return len({image.numpy().tobytes() for image in seen})


arms = {
    "hard set throughout": lambda seed: two_stages(0),
    "easy set first": lambda seed: two_stages(config.epochs // 2),
    "both sets mixed": lambda seed: union(task.easy, task.hard, seed),
    "your pool, easiest first": lambda seed: growing_pool(difficulty, seed),
    "your pool, hardest first": lambda seed: growing_pool(-difficulty, seed),
    "your pool, in random order": lambda seed: growing_pool(shuffled(difficulty, seed), seed),
}
try:
    difficulty = elongation(task.hard.images)
    seeds = range(3)
    trains = [arm(seed) for arm in arms.values() for seed in seeds]
    runs = fit_replicates(
        lambda: mlp((50,), (1, 32, 32), 3),
        trains,
        validation,
        config,
        [*seeds] * len(arms),
        progress=False,
    )
    errors = torch.tensor([1 - run.final.val_accuracy for run in runs.histories]).view(-1, 3)
    rows = [
        {
            "arm": name,
            "validation error": f"{found.mean():.3f} ± {found.std():.3f}",
            "different pictures": f"{different_pictures(trains[3 * place]):,}",
        }
        for place, (name, found) in enumerate(zip(arms, errors, strict=True))
    ]
    show_table(rows)
    print(f"{config.epochs * steps} steps each; mean and standard deviation over 3 seeds.")
except NotImplementedError:
    print("Write parts 1 to 4, then run this cell again.")

# %% [markdown]
# Guessing among three classes errs in two of three. These nets are small and so is their training; part 7 asks what such a table can
# show at all. The last column is a hint.
#
# Then the other curriculum: what is left of a photograph at 14 × 14 and at 4 × 4 frequencies, and what would a network
# pay for it?

# %% role="given" id="spectrum"
from effcv_lab.costs import count_macs
from effcv_lab.data import fashion
from effcv_lab.models import small_cnn

splits = fashion()
shirts = (splits.validation.labels == splits.validation.classes.index("Shirt")).nonzero()[:, 0]
photo = splits.validation.images[shirts[:1]]
full, bands = photo.shape[-1], (28, 14, 4)
try:
    strength = torch.fft.fftshift(torch.fft.fft2(photo), dim=(-2, -1)).abs().log1p()[0]
    strength = strength / strength.max()
    pictures, spectra = [], []
    for band in bands:
        small = low_frequency_crop(photo, band)[0].clamp(0, 1)
        pictures.append(F.interpolate(small[None], size=(full, full))[0])
        first = full // 2 - band // 2
        kept = F.pad(torch.ones(1, band, band), [first, full - band - first] * 2)
        spectra.append(strength * kept)
    captions = [f"{band} x {band} pixels" for band in bands]
    captions += [f"{band} x {band} frequencies" for band in bands]
    figures.show(
        figures.image_grid(
            torch.stack(pictures + spectra),
            captions,
            title="Fewer frequencies need fewer pixels",
            columns=3,
            note="Below: ln(1 + strength), frequency 0 in the middle; what is cut off is black.",
        )
    )
    for band in bands:
        cost = count_macs(small_cnn(), (1, band, band)) / count_macs(small_cnn(), (1, full, full))
        print(f"{band:2} x {band:2} pixels: {cost:4.0%} of the multiplications of a full image")
except NotImplementedError:
    print("Write part 5, then run this cell again.")

# %% [markdown]
# So ten epochs at 14 × 14 are not ten epochs: a fair comparison counts multiplications, or seconds, not epochs. What has
# been blown up to 28 × 28 again, as for this figure, costs as much as ever.

# %% [markdown] role="given" id="which_control_question"
# ## Part 7: which control rules out "it just saw more data"? (4 points)
#
# A classmate trains a net on 10,000 easy shapes for 128 epochs and then on 10,000 hard ones for 128 epochs. Its error is
# lower than that of a net that was trained on the 10,000 hard shapes for 256 epochs. "So the **order** helps: easy ones
# first," says the classmate. "No," says another, "it just **saw more data**: 20,000 different shapes, not 10,000."
#
# **Describe the training runs (the control) that tell the two explanations apart**, in 100 to 200 words.
#
# | Points | For |
# |--:|---|
# | 1 | a control that sees the same different shapes, without the order, and how it is made |
# | 1 | what you hold equal, the amount of computing included, and for which arm the learning rate is chosen |
# | 1 | what you measure, on which images (of which set?), and how luck is ruled out |
# | 1 | which outcome speaks for which explanation, and what would still be open |

# %% [markdown] role="written" id="which_control" points=4
# === BEGIN SOLUTION
# **Full (4).** The union: a net that sees all 20,000 shapes, easy and hard mixed in every batch, from the first step on.
# It has seen as many different shapes, and as many of each set, in no order. It gets the same number of steps of the
# same batch size as both other arms (steps, not epochs: an epoch of the union is twice as long), the same net, first
# weights seed by seed, and the learning rate that suits the net *without* a curriculum, so that the control is not
# starved. The anti-curriculum, hard first, is a second control: same shapes, other order. All are judged on hard
# validation shapes, for the hard set is the task (easy ones would favour whoever has seen many of them), twenty seeds
# each, mean and spread, differences seed by seed; the test set once, at the end. If the curriculum beats the union by
# more than the spread, order helps. If the union is as good as the curriculum and better than hard shapes alone, more
# data were enough. If both do better than hard alone and the curriculum is best, both play a part. Still open: the
# curriculum ends on hard shapes only, the union does not; union first, then hard, would test that.
#
# **Middle (2 to 3).** "Train on easy and hard shapes mixed for 256 epochs, five seeds, and compare the validation errors.
# If mixed is as good, it was the data." The right control (1) and outcomes (0.5 to 1); several seeds, but not which
# images they are judged on (0.5); 256 epochs of the union are twice as many steps, so the control has had more computing
# (0 to 0.5).
#
# **Low (0 to 1).** "Train the hard net for 512 epochs, then it has seen as many pictures." More passes over the same
# 10,000 shapes are no new shapes, and more computing. Or: "Try other switch epochs", which changes order and data at
# once. Or: judged on easy shapes. A mention of several seeds earns part of a point.
# === END SOLUTION
