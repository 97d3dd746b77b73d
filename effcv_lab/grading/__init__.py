"""Checks that explain, one module of cases for each assignment, and what runs them for a class."""
