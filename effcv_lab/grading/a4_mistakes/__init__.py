"""Wrong versions of the functions of assignment a4, one or two modules for each function.

A version is what a student might write: short, self-contained, right in everything but one idea.
Its name and its docstring are what the student is told.
"""
