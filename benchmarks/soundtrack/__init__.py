"""Soundtracks of long texts whose scenes are known, beside simpler ways of asking the same services."""
