"""A picture file becomes pixels and a camera."""
