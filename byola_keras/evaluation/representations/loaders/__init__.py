"""Models of somebody else, by the kind of their files."""
