"""Everything that talks to people: Discord, the Writers' Room page, the clock and the networks."""
