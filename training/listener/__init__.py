"""The listener's benchmark: sentences of our own, each with the music that fits and that jars."""
