"""The parts of the finance sample's generator."""
