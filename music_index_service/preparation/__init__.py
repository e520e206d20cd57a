"""From a clip as it is written to one that is complete, checked and placed on a release's model."""
