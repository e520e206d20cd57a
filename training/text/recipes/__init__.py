"""The recipes by which a text network is made: one module each, all with `train(config, corpus, verbose)`."""
