"""What the command line makes of a soundtrack: lines for people, JSON, a playlist, a page, a picture."""
