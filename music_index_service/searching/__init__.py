"""From queries to hits: what is near, what keeps to the limits, what is drawn."""
