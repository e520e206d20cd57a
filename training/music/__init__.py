"""The music encoder's job: AudioSet's mood-labelled clips in, `music_encoder` out."""
