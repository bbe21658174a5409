"""How far a depth map, a surface or a picture is from the truth."""
