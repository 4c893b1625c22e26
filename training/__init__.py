"""Trains, exports and judges the networks that ``realtime`` runs."""
