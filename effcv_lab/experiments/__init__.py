"""One module per experiment; each has ``run(budget, device, seeds)`` and returns a record."""
