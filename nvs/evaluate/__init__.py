"""Depth and novel views against ground truth: metrics, data sets, reports."""
