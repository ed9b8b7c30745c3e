"""Reports: one self-contained HTML file and a JSON document from the records of a run. No AWS, no clock.

`run_contents`, `card_contents` and `index_contents` make the contents of a page; `page` and `to_json` write them.
"""

from perennial.reports.contents.card import card_contents
from perennial.reports.contents.index import index_contents
from perennial.reports.contents.run import run_contents, summary
from perennial.reports.pages import page, to_json
from perennial.reports.report_data import History, ReportData

__all__ = ["History", "ReportData", "card_contents", "index_contents", "page", "run_contents", "summary", "to_json"]
