"""Recorded data sets: photos with known depth, and photos with known poses."""
