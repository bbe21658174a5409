"""What a scene is: Gaussians, cameras, and their files."""
