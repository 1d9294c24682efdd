"""What the room can do, one function each, with neither Discord nor SQL nor HTTP in sight."""
