"""The names of the columns of an observations frame that are not columns of the spec."""

AT, VERSION, EVENT, REQUEST, ROW = "_at", "_version", "_event", "_request", "_row"
ANSWER, SCORE, CLASSES, SCORES = "_answer", "_score", "_classes", "_scores"
LABEL, KNOWN_AT, UPLOADED_AT, TRUTH, CORRECTIONS = "_label", "_known_at", "_uploaded_at", "_truth", "_corrections"
