"""Colours for grey photographs: reading colours out of a network, laying them on a photograph."""
