"""The text service: reads the emotion in texts, ambiance.text.v1 on a small model."""
