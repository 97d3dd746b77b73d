"""Text masters to notebooks and back: ``python -m tools.notebooks build | absorb | check``.

``percent``   a master's text and its cells, without any loss
``roles``     what a cell header says and what JupyterLab and nbgrader store of it
``markers``   solution and hidden-test regions, so that nothing reaches a student by a typo
``convert``   a whole master to a notebook, and back
``release``   the student's version, made by nbgrader itself
``targets``   which master makes which notebook
``course``    build, absorb and check all of them
"""
