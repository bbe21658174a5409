"""One HTML file that plays a scene: from disk, without a network, on a desk and on a phone."""
