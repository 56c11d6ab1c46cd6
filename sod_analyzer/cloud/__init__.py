"""The policy languages of clouds: documents to statements, and what they decide together.

Nothing here reads a file or asks the network. Answers have four values, see `truth`.
"""
