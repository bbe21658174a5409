"""Several photos of one place, with their cameras, become one scene."""
