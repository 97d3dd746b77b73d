"""A student's own notebook, looked at before it is handed in: what would go wrong in grading, and how to mend it.

``problem``    one thing to mend, and the name of a cell
``releases``   the assignments as they were handed out
``locating``   which notebook is meant, and under which name it must be handed in
``reading``    the file, whatever it holds
``copies``     copied, edited and deleted cells, and the mended notebook
``answers``    what is not answered yet
``names``      which names a cell makes and needs
``kernel``     a fresh kernel that runs one cell at a time
``running``    all cells from top to bottom, with the checks' points
``trouble``    what did not go well in that run, in words
``checkup``    all of this in order
``report``     what a student reads

Nothing here needs a gradebook, a sandbox, or Linux. Whose notebook it is runs it, on their own machine.
"""
