"""What stands on each page, as plain JSON: the page is drawn from it, and it is the page's twin.

A section is a mapping, or a sentence that says why there is none.
"""
