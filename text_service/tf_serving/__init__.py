"""TensorFlow Serving on either side: its API for the loaded model, and the model where another runs it."""
