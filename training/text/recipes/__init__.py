"""The recipes by which a text network is made: one module each, with its settings and its `train`."""
