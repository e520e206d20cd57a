"""Kills whatever keeps clips at random moments, and looks whether it kept its word."""
