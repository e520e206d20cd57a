"""From the conditions of a request to the rows that meet them, exactly."""
