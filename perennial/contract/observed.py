"""The names of the columns that inference tables and ground truth add to the declared ones; no spec declares them.

They begin with an underscore, so that a feature rarely has such a name.
"""

from __future__ import annotations

#: of an answered row: the time, the model version, the event of the capture, the caller's inference id, the row in it
AT, VERSION, EVENT, REQUEST, ROW = "_at", "_version", "_event", "_request", "_row"
#: of an answer: the label or number, its score; for multiclass the score of each class
ANSWER, SCORE, CLASSES, SCORES = "_answer", "_score", "_classes", "_scores"
#: of a label: its value, when it became known, when it was uploaded, by which upload, and how many it replaced
LABEL, KNOWN_AT, UPLOADED_AT, TRUTH, CORRECTIONS = "_label", "_known_at", "_uploaded_at", "_truth", "_corrections"
#: of a request that cannot be read: the reason, and the place of its record
REASON, OBJECT, LINE = "_reason", "_object", "_line"
#: the partition of the tables in Athena
DAY = "_day"

RESERVED = frozenset(
    {AT, VERSION, EVENT, REQUEST, ROW, ANSWER, SCORE, CLASSES, SCORES, LABEL, KNOWN_AT, UPLOADED_AT, TRUTH}
    | {CORRECTIONS, REASON, OBJECT, LINE, DAY}
)
