"""How good an encoder is: linear probes on frozen embeddings."""
