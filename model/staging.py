"""A dialog that is staged keeps every line: what the model adds is laid between them."""

from dataclasses import replace

from model.screenplay import Element, Script, Turn


def stage(dialog: tuple[Turn, ...], written: Script) -> Script:
    """Return the lines of ``dialog``, unchanged and in order, with the headings and directions of ``written``.

    What stands before the model's n-th line comes before the dialog's n-th line; what stands after its last one is
    left out. A manner is taken over where the same speaker has the line and the member gave none.
    """
    staged: list[Element] = []
    lines = iter(dialog)
    for element in written.elements:
        if not isinstance(element, Turn):
            staged.append(element)
        elif line := next(lines, None):
            staged.append(_said(line, element))
        else:
            break
    while staged and not isinstance(staged[-1], Turn):
        staged.pop()
    return Script((*staged, *lines))


def _said(line: Turn, written: Turn) -> Turn:
    same = line.cue == written.cue and line.manner is None
    return replace(line, manner=written.manner) if same else line
