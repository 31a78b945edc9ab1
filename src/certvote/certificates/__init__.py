"""Hold the certificates: lower bounds of the accuracy that is left after an attack, from votes alone.

Each module turns votes, true labels and poisoning sizes into a :class:`~certvote.types.Curve`. What is claimed, and why
it holds, is proven in ``docs/certificates.md``.
"""
