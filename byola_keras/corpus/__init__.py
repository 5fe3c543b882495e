"""Prepared corpora: sound decoded once, read at random, by its shards of 16 kHz samples."""
