"""The contents of each page as JSON values; the page is rendered from them.

A section is a mapping, or a sentence that states why it is absent.
"""
