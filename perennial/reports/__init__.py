"""Reports: a record in, one self-contained HTML file and its twin in JSON out. No AWS, no clock.

`run_contents`, `card_contents` and `index_contents` say what stands on a page; `page` draws it, `twin` is its JSON.
"""

from perennial.reports.contents.card import card_contents
from perennial.reports.contents.index import index_contents
from perennial.reports.contents.run import run_contents
from perennial.reports.contents.summary import summary
from perennial.reports.dossier import Dossier, History
from perennial.reports.pages import page, twin

__all__ = ["Dossier", "History", "card_contents", "index_contents", "page", "run_contents", "summary", "twin"]
