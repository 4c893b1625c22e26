"""The shipped models, one folder each."""
