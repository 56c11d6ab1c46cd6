"""Role-based access of Kubernetes: objects, rules, and what they decide together."""
