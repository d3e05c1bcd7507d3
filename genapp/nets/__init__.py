"""Architectures in torch, one family a file. Used by `training/`; running a model needs none."""
