"""The released InfiniDepth models, loaded from the authors' own checkpoints.

Source: Yu et al., "InfiniDepth: Arbitrary-Resolution and Fine-Grained Depth Estimation with
Neural Implicit Fields".  Every module here was written anew and gives the released modules'
numbers (tests/models/infinidepth/test_parity.py).
"""
