"""Scripts in the formats that screenwriters open: one file per format."""
