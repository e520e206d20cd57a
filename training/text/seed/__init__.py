"""The seed's own network: a bidirectional LSTM over the first thirty words, trained towards VAD."""
