"""The data sets that training and evaluation read: where they are, whether they are whole, what they hold."""
