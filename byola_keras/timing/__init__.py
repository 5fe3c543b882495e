"""Every measurement of speed, one file a subject."""
