"""Detail at the photo's own resolution: looks at parts of a photo, merged into one field."""
