"""What is known or seen of a photo's depth: fields, networks, maps, files."""
