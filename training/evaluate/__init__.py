"""How good the models and the matching are: the seed's figures, and beside them some that it didn't take."""
