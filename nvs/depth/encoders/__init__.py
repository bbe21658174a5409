"""Image encoders: what a depth network sees a picture with."""
