"""Grade a class: strangers' notebooks are found, read, mended, run behind walls, counted by nbgrader's rules and told about.

::

    classroom ── who is to be graded ── pool ── one submission at a time ── report
                 finding, marks          │      reading → steps → cells (canary, outputs) → register → verdict
                 solution first          └ dask: this machine or a cluster
"""
