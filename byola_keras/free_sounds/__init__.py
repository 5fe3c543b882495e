"""The free corpus: sound from Debian packages, with the licence of each file."""
