"""How the checkpoint that ships was made: from published data to weights, on one thread of a processor."""
