"""The diagram of the assembly."""

from pathlib import Path

from stacks.diagram import PAGE, page


def test_the_page_in_the_docs_shows_the_assembly_as_it_is(assembly: Path) -> None:
    """`make diagram` writes it anew."""
    assert PAGE.read_text() == page(assembly)


def test_the_drawing_shows_the_loop_and_what_starts_it(assembly: Path) -> None:
    drawn = page(assembly)
    for words in ("Prepare training", "-->|retrain|", "five tries", "DataIntakeUploads --> FunctionsDispatch"):
        assert words in drawn
