"""Many photos: which, on which machines, and what has become of each."""
