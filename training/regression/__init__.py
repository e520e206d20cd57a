"""What the text job and the music job share: regression of valence, arousal and dominance."""
