"""Reports: one self-contained HTML file and a JSON document from the records of a run. No AWS, no clock.

The functions that end in `_contents` make the contents of a page; `page` and `to_json` write them.
"""

from perennial.reports.contents.card import card_contents
from perennial.reports.contents.dataset import dataset_contents
from perennial.reports.contents.home import glance_contents, home_contents
from perennial.reports.contents.index import index_contents
from perennial.reports.contents.lineage import lineage_contents
from perennial.reports.contents.run import run_contents, summary
from perennial.reports.pages import page, to_json
from perennial.reports.report_data import History, ReportData

__all__ = [
    "History",
    "ReportData",
    "card_contents",
    "dataset_contents",
    "glance_contents",
    "home_contents",
    "index_contents",
    "lineage_contents",
    "page",
    "run_contents",
    "summary",
    "to_json",
]
