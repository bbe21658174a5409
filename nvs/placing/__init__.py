"""Photos of one place, or a clip: where each was taken from, told by files or found out."""
