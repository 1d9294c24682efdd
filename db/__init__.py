"""What the service remembers: one file per table."""
