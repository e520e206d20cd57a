"""Exact search in the leaves of a k-d tree, most of which a query passes by: bounds exclude them."""
