"""What members see: cards, buttons, and the picture of a show."""
