"""Changes to training examples that the live world would make."""
