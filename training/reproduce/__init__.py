"""The seed's system trained again from several seeds, beside the figures that it published."""
