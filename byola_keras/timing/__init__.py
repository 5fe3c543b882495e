"""Every measurement of speed: one file for each subject, and `turns`, by which all of them time."""
