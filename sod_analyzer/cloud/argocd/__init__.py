"""The access rules of Argo CD: lines to rules, and what they decide together."""
