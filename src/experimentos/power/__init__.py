"""How many units, and how long."""
