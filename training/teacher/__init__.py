"""The teacher's job: a pretrained sentence encoder and GoEmotions in, `text_teacher` out.

The teacher is too large to serve. What it knows goes into an artifact, and the text encoder's job learns
from that.
"""
