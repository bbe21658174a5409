"""Files of Gaussians that other programs write and read: one file here for each format.

`registry` tells formats apart, by their content when reading and by the suffix when writing.
Every reader turns its file's axes into those of the plain .ply, which are ours.
"""
