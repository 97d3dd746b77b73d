"""Live demos and questions for notebooks; import each from its own module.

Mathematics and state live in Python, drawing in the browser, as plain ES modules without a build
step or a network. Where there is no front end each one leaves a static figure or plain text.

>>> from effcv_lab.widgets.explorer import TemperatureExplorer
"""
