"""The CPU rasterizer: gsplat's picture, from kernels that numba compiles where they run.

A frame goes through three files, in this order:

    project     every Gaussian → its ellipse in the picture, as one short record
    order       the visible ones front to back, listed for every tile they touch
    rasterize   every tile: its list of ellipses → pixels

`backend` runs them, forward and backward (`..._backward`).  `color_matrix` runs
`rasterize_lacking`, which hands what a picture lacks back to the Gaussians' colours.  `frame` is
what both begin with; `compiler` and `threads` keep numba out of everybody's way.
"""
