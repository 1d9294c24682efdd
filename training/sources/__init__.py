"""One file per data set: each reads the published layout unchanged and yields typed, frozen records."""
