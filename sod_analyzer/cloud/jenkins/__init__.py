"""Access rules of Jenkins: matrices and roles, and what they decide together."""
