# %% [markdown] slide="slide"
# # 0. Start here: what does a vision model cost?
#
# **The question of this lecture:** what do we pay for accuracy, and in which currency?
#
# You will be able to
#
# - **check** that your machine can run the course, and mend it if not,
# - **count** the parameters, multiply-accumulates (MACs), bytes and milliseconds of a network,
# - **predict** how each of them grows when a network gets wider or its input larger,
# - **doubt** a claim of efficiency that names only one of them.
#
# *You need:* Python, a little PyTorch, cross-entropy. *Computing:* about a minute on two CPU cores.

# %% [markdown] slide="skip"
# | Section | Minutes |
# |---|--:|
# | 1. Is everything in place? | 5 |
# | 2. Two trends, two quizzes | 8 |
# | 3. Four ways to count | 12 |
# | 4. The cost dial | 8 |
# | 5. What does accuracy cost? | 8 |
# | 6. What this does not show | 6 |
# | 7. Check yourself | 3 |
#
# Sources: Dosovitskiy et al., *An Image is Worth 16x16 Words*, ICLR 2021 (sections 4.1 to 4.3, table 2); Brown et al.,
# *Language Models are Few-Shot Learners*, NeurIPS 2020 (abstract); OpenAI, *GPT-4 Technical Report*, 2023 (section 2).
# All results of our own are measured here or stand in a record.

# %% [markdown] slide="slide"
# ## The map of the course
#
# | Chapter | Question | Here now |
# |---|---|---|
# | 0. Start here | what does a model cost? | this lecture |
# | 1. Softmax temperature | what do a teacher's scores say beyond the winner? | lecture, assignment a1 |
# | 2. Knowledge distillation | how does a small net learn it? | to come |
# | 3. Pruning, lottery tickets | which weights can go? | to come |
# | 4. Curriculum learning | does the order of examples matter? | to come |
# | 5. Active learning | which images deserve a label? | to come |
# | 6. Self-supervised pretraining | what can be learnt without labels? | to come |
# | 7. Bias audits | for whom does the model work? | to come |

# %% [markdown] slide="skip"
# ### How to read a notebook of this course
#
# Run the cells from top to bottom with `Shift`+`Enter`. Where a cell asks you to **predict**, commit to an answer
# before you go on: a guess that can turn out wrong is what makes the result stay with you. Nobody sees it but you.
#
# Two switches are read from the environment: `EFFCV_BUDGET` (`class` or `paper`) sets the size of the experiments,
# `EFFCV_DEVICE` (`auto`, `cpu`, `cuda`, `mps`) where they run.

# %% [markdown] slide="slide"
# ## 1. Is everything in place?
#
# Each line is one thing that the course needs. A line that says `FAIL` ends with the command that mends it.

# %% slide="fragment" tags=["hide-input"]
import subprocess
import sys

print(
    subprocess.run(
        [sys.executable, "-m", "effcv_lab.doctor"], capture_output=True, text=True
    ).stdout
)

# %% slide="skip"
from itertools import pairwise

import torch
from ipywidgets import IntSlider, interact

from effcv_lab import figures
from effcv_lab.data import fashion
from effcv_lab.experiments.cost import EPOCHS, accuracy_of_width, accuracy_over_macs, net_of_width
from effcv_lab.models import (
    count_macs,
    count_parameters,
    latency_ms,
    mlp,
    size_bytes,
    small_cnn,
    small_resnet,
)
from effcv_lab.records import describe_machine, load_record, mean_and_spread, tag
from effcv_lab.tables import show_table
from effcv_lab.training import budget, pick_device
from effcv_lab.widgets.predict import predict, reveal
from effcv_lab.widgets.quiz import quiz

# %% slide="skip"
torch.set_num_threads(1)  # steadier than two for nets this small, and leaves a core to the browser
device = pick_device()
train, validation, _ = fashion()
seeds = range(budget(class_=3, paper=5))
print(
    f"device {device}; {len(train):,} training images; {len(seeds)} seeds; about a minute of computing"
)

# %% [markdown] slide="slide"
# ## 2. Two trends, two quizzes
#
# Large models have grown in two ways: **more parameters** and **more training**. One quiz on each: a vision model
# whose makers say what it took, and a model for text and images whose makers do not. Each choice, wrong ones too, comes
# with an explanation.

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "The Vision Transformer paper reports its best results after pretraining on a set of about how many images?",
    {
        "1.3 million": (
            False,
            "That is ImageNet-1k, the smallest set of the paper; pretrained on it, the Large models did worse than the Base ones (section 4.3).",
        ),
        "14 million": (False, "That is ImageNet-21k, the paper's middle-sized set (section 4.1)."),
        "300 million": (
            True,
            "JFT-300M, 303 million images, not public (section 4.1). The largest model took 2,500 TPUv3-core-days (table 2).",
        ),
        "30 billion": (False, "A hundred times more than the paper used."),
    },
)

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "How many parameters does GPT-4 have?",
    {
        "176 billion": (
            False,
            "Close to the published size of GPT-3 (175 billion), which is a different model.",
        ),
        "1.76 trillion": (
            False,
            "A number that is often repeated. Nobody who could know has confirmed it.",
        ),
        "Its makers have not said": (
            True,
            "The technical report gives no size, on purpose (section 2). A claim without a source is not a fact, however often it is repeated.",
        ),
    },
)

# %% [markdown] slide="subslide"
# Why care? Three reasons come back in every chapter.
#
# - **Time**: a camera that must answer 30 times a second has 33 ms for each image.
# - **Memory**: a model shares it with everything else on the device, and a small camera has little of it.
# - **Energy**: power times time, paid at each training run and at every single prediction.
#
# So the course asks two things of a model: be **more compact**, and **learn from less**.

# %% [markdown] slide="slide"
# ## 3. Four ways to count
#
# Three small networks for Fashion-MNIST: a multilayer perceptron, a convolutional net, a small residual net.
# Before you count, commit to a guess.

# %% slide="fragment" tags=["hide-input"]
predict(
    "most_parameters",
    "An MLP with one hidden layer of 100 units, and a three-layer convolutional net: "
    "which one has more parameters, and which one needs more MACs for an image?",
    choices=[
        "the MLP has more of both",
        "the conv net has more of both",
        "the MLP has more parameters, the conv net more MACs",
        "the conv net has more parameters, the MLP more MACs",
    ],
)

# %% [markdown] slide="subslide"
# - **Parameters**: numbers that training sets. **Bytes**: what the net takes up: 4 for each float32, the running
#   averages of batch normalisation included.
# - **MACs**: multiplications followed by an addition, for one image. One MAC is two floating-point operations.
# - **Latency**: milliseconds from image to answer, here for one image, the median of many tries.
#
# The first three can be counted on paper. The last can only be measured.


# %% slide="fragment"
def cost(name, model, size=28):
    """Count and measure what one image costs."""
    return {
        "net": name,
        "parameters": count_parameters(model),
        "kB": size_bytes(model) / 1000,
        "MACs": count_macs(model, (1, size, size)),
        "ms": latency_ms(model, torch.rand(1, 1, size, size)),
    }


# %% slide="fragment"
nets = {"MLP": mlp(), "conv net": small_cnn(), "residual net": small_resnet()}
table = [cost(name, net.to(device)) for name, net in nets.items()]
show_table(table)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
perceptron, conv_net = table[:2]
assert perceptron["parameters"] > conv_net["parameters"]
assert perceptron["MACs"] < conv_net["MACs"]
reveal(
    "most_parameters",
    "the MLP has more parameters, the conv net more MACs",
    "A dense layer uses each weight once for an image. A convolution uses each weight at every position: few numbers, much work.",
)

# %% [markdown] slide="fragment"
# "Small" has no meaning before one says *small in what*. A net that fits the memory of a watch may still be too slow
# for it.

# %% [markdown] slide="slide"
# ## 4. The cost dial
#
# Make the conv net wider, or its input larger, and watch three of the four numbers. **Move** one slider at a time.
# **Look for** the factor by which each count grows when the slider doubles. **It must show** that parameters do not
# notice the input's size at all, while MACs do.

# %% slide="fragment" tags=["hide-input"]
predict(
    "double_width",
    "Double the width of every layer: by about what factor do the MACs of the conv net grow?",
    low=1,
    high=8,
    unit="times",
)


# %% slide="subslide" tags=["hide-input"]
def dial(width, size):
    """Show what a conv net of this width costs at this input size."""
    net = net_of_width(width)
    print(f"{count_parameters(net):>12,} parameters   {size_bytes(net) / 1000:>8,.0f} kB")
    print(f"{count_macs(net, (1, size, size)):>12,} MACs")


_ = interact(
    dial,
    width=IntSlider(16, 4, 64, 4, description="width"),
    size=IntSlider(28, 14, 112, 14, description="input (px)"),
)

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
narrow, wide = (count_macs(net_of_width(width), (1, 28, 28)) for width in (8, 16))
reveal(
    "double_width",
    wide / narrow,
    "An inner layer has twice the inputs and twice the outputs, so four times the work. "
    "The first layer (one channel in) and the last (ten scores out) only double.",
)

# %% [markdown] slide="slide"
# ### Does latency follow the MACs?
#
# If it did, all points would lie on a line of slope 1. *Tag: measured here, on this machine.*

# %% slide="fragment" tags=["hide-input"]
widths = [4, 8, 16, 32, 64]
measured = [cost(f"width {width}", net_of_width(width).to(device)) for width in widths]
macs, milliseconds = [row["MACs"] for row in measured], [row["ms"] for row in measured]
factor_macs, factor_ms = macs[-1] / macs[0], milliseconds[-1] / milliseconds[0]
table += measured
show_table(table)

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.curves(
        macs,
        {"measured": milliseconds},
        references={"if time followed MACs": [milliseconds[-1] * m / macs[-1] for m in macs]},
        x_label="MACs for one image",
        y_label="latency (ms)",
        title=f"{factor_macs:.0f} times the MACs took {factor_ms:.1f} times as long",
        log_x=True,
        log_y=True,
    )
)

# %% [markdown] slide="fragment"
# A small net spends most of its time on starting operations, not on arithmetic. MACs say what the arithmetic is;
# only a clock says what the user waits for. The course reports both, always.

# %% [markdown] slide="slide"
# ## 5. What does accuracy cost?
#
# Nets of five widths, each trained with several seeds on the same images. Here two widths run live; all of them stand
# in a stored record that you can repeat with `effcv reproduce cost`.

# %% slide="fragment" tags=["hide-input"]
predict(
    "gain_of_doubling",
    "From 8 to 16 channels the net has about four times the parameters. "
    "How many percentage points of accuracy does that bring?",
    low=-2,
    high=20,
    unit="points",
)

# %% slide="subslide"
live = {
    width: [accuracy_of_width(width, seed, device=device) for seed in seeds] for width in (8, 16)
}
for width, accuracies in live.items():
    mean, spread = mean_and_spread(accuracies)
    print(f"width {width:>2}: accuracy {mean:.1%} ± {spread:.1%} (validation, {len(seeds)} seeds)")

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
gain = 100 * (mean_and_spread(live[16])[0] - mean_and_spread(live[8])[0])
reveal(
    "gain_of_doubling",
    gain,
    "Bought with four times the MACs. What did the doublings before it bring, and the next one? The record knows.",
)

# %% slide="skip"
record = load_record("cost")
record_macs, accuracy = accuracy_over_macs(record)
average = [mean_and_spread(column)[0] for column in zip(*accuracy, strict=True)]
gains = [100 * (after - before) for before, after in pairwise(average)]
print("gain of each doubling, in points:", [f"{gain:+.1f}" for gain in gains])
assert gains[0] > gains[-1] > 0

# %% slide="subslide" tags=["hide-input"]
figures.show(
    figures.curves(
        record_macs,
        {"accuracy": accuracy},
        x_label="MACs for one image",
        y_label="validation accuracy (fraction)",
        title="After short training, each further point costs more",
        log_x=True,
        note=f"Recorded: {tag(record)}.",
    )
)

# %% [markdown] slide="subslide"
# Read the figure from left to right: accuracy is on an even scale, cost on a logarithmic one. A straight line would
# already mean that each further point costs a constant *factor* more. A curve that flattens means that the factor grows.

# %% [markdown] slide="slide"
# ## 6. What this does not show
#
# So wider is better? **An honest control:** at equal epochs the wider net also gets several times the computing. Give
# the narrow net as much, by training it for more epochs. *Tag: measured here, on validation images.*

# %% slide="fragment" tags=["hide-input"]
predict(
    "equal_compute",
    "Width 8 trains so many epochs that both nets have used the same number of MACs "
    "in training. Which one is ahead?",
    choices=["width 16", "width 8", "within one standard deviation of each other"],
)

# %% slide="fragment"
more_epochs = round(EPOCHS["class"] * wide / narrow)
longer = [accuracy_of_width(8, seed, epochs=more_epochs, device=device) for seed in seeds]
outcomes = {
    f"width 16, {EPOCHS['class']} epochs": live[16],
    f"width 8, {EPOCHS['class']} epochs": live[8],
    f"width 8, {more_epochs} epochs": longer,
}
for name, accuracies in outcomes.items():
    print("{:<20} {:.1%} ± {:.1%}".format(name, *mean_and_spread(accuracies)))

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
difference = mean_and_spread(longer)[0] - mean_and_spread(live[16])[0]
spread = max(mean_and_spread(longer)[1], mean_and_spread(live[16])[1])
reveal(
    "equal_compute",
    "within one standard deviation of each other"
    if abs(difference) <= spread
    else ("width 8" if difference > 0 else "width 16"),
    f"Width 8 minus width 16 at equal training compute: {100 * difference:+.1f} points. "
    "And at test time, for every single image, width 8 needs about a quarter of the MACs.",
)

# %% [markdown] slide="subslide"
# "Which net is better" has no answer before one says *at which cost, paid when*: once in training, or at each
# prediction. Nor does this lecture show
#
# - **other tasks**: one data set, small pictures, small nets. The counts are exact; the shape of the curve is this task's;
# - **the end of training**: width 8 gained from more epochs, so the figure above is one of short training. We did not
#   give width 16 as many;
# - **the best recipe of each width**: learning rate and batches are the same for all;
# - **energy**: nothing here measures watts. Milliseconds stand in for it at best, on one and the same machine.

# %% slide="skip"
for key, value in describe_machine().items():
    print(f"{key:>12}: {value}")

# %% [markdown] slide="slide"
# ## 7. Check yourself

# %% slide="fragment" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "A paper says: “our model is 10 times smaller.” Which question comes first?",
    {
        "Smaller in what: parameters, MACs, bytes or milliseconds?": (
            True,
            "The four need not move together, as the table above shows.",
        ),
        "On which data set?": (
            False,
            "Worth asking for the accuracy; the size in parameters does not depend on it.",
        ),
        "With how many seeds?": (
            False,
            "Seeds matter for the accuracy; parameters and MACs are exact counts.",
        ),
    },
)

# %% slide="subslide" tags=["hide-input"] jupyter={"source_hidden": true}
quiz(
    "You halve the height and the width of the input of a net with global average pooling. What happens?",
    {
        "parameters and MACs both fall to a quarter": (
            False,
            "A convolution has the same weights at every position: its parameters do not know the input's size.",
        ),
        "the MACs fall to about a quarter, the parameters stay": (
            True,
            "A quarter of the positions, each with the same work. Chapter 4 will save training time with this.",
        ),
        "nothing, the pooling evens it out": (
            False,
            "Pooling makes the output's shape independent of the input's size, not the work before it.",
        ),
    },
)

# %% [markdown] slide="slide"
# ## What you can do now
#
# - **Check** a machine with `effcv doctor` (or `make doctor`).
# - **Count** parameters, MACs, bytes and milliseconds with `count_parameters`, `count_macs`, `size_bytes`, `latency_ms`.
# - **Predict** that doubling the width costs about four times the MACs, doubling the input's sides too.
# - **Doubt** a claim of efficiency that names one currency only.
#
# **Go further.** Dosovitskiy et al. 2021, sections 4.1 to 4.3 (how much data does a transformer want?). *Open
# experiment:* find a net with more MACs and yet a lower latency than `small_cnn()`. What did you change, and why does it help?

# %% [markdown] slide="skip"
# ## Glossary
#
# One term for one idea, the same in every chapter.
#
# | Term | Meaning | Unit or range |
# |---|---|---|
# | agreement | rank correlation of two models' orders of the wrong classes | [−1, 1] |
# | accuracy | share of images whose highest score is at the label | [0, 1] |
# | active learning | choosing which images get a label | |
# | calibration | confidence that matches the share of right answers | |
# | confidence | the probability of the class that the model answers | [0, 1] |
# | cross-entropy | mean of −ln(probability at the label) | nats |
# | curriculum | an order of training examples, easy first | |
# | dark knowledge | how a teacher spreads the probability that is not on the label | |
# | entropy | −Σ p ln p, how undecided a distribution is | nats, [0, ln K] |
# | expected calibration error (ECE) | mean gap between confidence and accuracy over bins | [0, 1] |
# | hard label | the index of the one right class | |
# | knowledge distillation | training a student on a teacher's soft targets | |
# | label, class | what an image shows; one of K | |
# | latency | time from image to answer, median of many tries | ms |
# | logits | a net's scores before the softmax | any real number |
# | MACs | multiply-accumulates for one image; one is two FLOPs | count |
# | parameters | numbers that training sets | count |
# | PPV | positive predictive value: share of the positive answers that are right | [0, 1] |
# | probabilities | softmax of the logits; they sum to 1 | [0, 1] |
# | pruning | setting weights to zero or removing channels | |
# | seed | the number that starts every random draw of a run | |
# | soft targets | a teacher's probabilities used as labels | |
# | sparsity | share of weights that are zero | [0, 1] |
# | student, teacher | the net that learns, the net that is learnt from | |
# | temperature (T) | what logits are divided by before the softmax | > 0 |
# | uncertainty sampling | asking for the labels of the images that the model is least sure of | |
# | validation set, test set | images for choices; images for the one last measurement | |
