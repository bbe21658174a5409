"""What the photo does not show: surfaces past its border and behind what stands before them."""
