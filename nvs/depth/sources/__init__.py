"""Where known depth comes from: maps, points, what a camera wrote into the photo's file."""
