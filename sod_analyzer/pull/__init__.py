"""Copies of what a cloud says about itself, as files: the only room that asks a network.

Nothing here runs unless somebody asks for it, and nothing here changes anything.
"""
