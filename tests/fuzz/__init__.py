"""Damaged documents, and what every reader must make of them: an answer or a located error."""
