"""Pictures of a scene of Gaussians: one function, on a GPU and without one."""
