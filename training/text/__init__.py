"""The text encoder's job: GoEmotions in, `text_encoder` out."""
