"""Where the daily show is announced: one file per network."""
