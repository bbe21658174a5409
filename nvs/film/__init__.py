"""Camera paths, and the videos that are filmed along them."""
