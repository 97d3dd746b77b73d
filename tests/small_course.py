"""A course of one lecture and one assignment, small enough to read, for the tests of the pipeline."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # `tools` is no installed package
    sys.path.insert(0, str(ROOT))

LECTURE = """\
# %% [markdown] slide="slide"
# # One lecture
#
# With an *empty* line above.

# %% id="setup" tags=["setup", "no-print"]
# %matplotlib inline
import math

# a comment: is it a cat or a dog?


# %% slide="fragment"
def double(x):
    return 2 * x


# %%
double(math.pi)
"""

ASSIGNMENT = '''\
# %% [markdown]
# # An assignment

# %% role="given" id="setup"
import math


# %% role="answer" id="half"
def half(x):
    """Return half of x."""
    ### BEGIN SOLUTION
    secret = x / 2
    return secret
    ### END SOLUTION


# %% role="tests" id="test_half" points=4
points = 2 * (half(4) == 2)
### BEGIN HIDDEN TESTS
points += 2 * (half(-3) == -1.5)
### END HIDDEN TESTS
points

# %% [markdown] role="given" id="why_question"
# Why?

# %% [markdown] role="written" id="why" points=2
# === BEGIN SOLUTION
# The model answer.
# === END SOLUTION
'''


def write_masters(root: Path, lecture: str = LECTURE, assignment: str = ASSIGNMENT) -> Path:
    """Write both masters below ``root`` and return it."""
    for place, text in {
        "lectures/01_one.py": lecture,
        "assignments/a1_half.py": assignment,
    }.items():
        path = root / "notebooks" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
