"""What an index says of its clips: columns by row, labels and their hierarchy, pages."""
