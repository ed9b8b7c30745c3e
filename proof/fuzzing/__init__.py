"""Coverage-guided fuzzing of every reader of bytes from outside, by atheris; `make fuzz-readers` runs it.

An input is a kind of bytes, and its harness calls the product's reader of it. The property of each: reading ends in a
value, or in the error that the reader declares; in a second of CPU time and 512 MB; and a second reading of the same
bytes ends alike.

    harness.py    a harness, and the check of the property for one input
    example.py    the spec, the rows and the trained model that the harnesses read with
    files.py, documents.py, expressions.py, bodies.py, captures.py    the harnesses, by family
    worker.py     one process of atheris, with one harness
    run.py        the command: all inputs one after another, and what was found
"""

#: the module of each input's harness
INPUTS = {
    "csv": "proof.fuzzing.files",
    "json-lines": "proof.fuzzing.files",
    "parquet": "proof.fuzzing.files",
    "manifest": "proof.fuzzing.documents",
    "card": "proof.fuzzing.documents",
    "spec": "proof.fuzzing.documents",
    "expressions": "proof.fuzzing.expressions",
    "patterns": "proof.fuzzing.expressions",
    "bodies": "proof.fuzzing.bodies",
    "captures": "proof.fuzzing.captures",
}
