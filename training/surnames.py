# ruff: noqa: SIM905 - word lists read better as lines of words
"""Frequent surnames of the United States, for characters who need a new one."""

from typing import Final

SURNAMES: Final = tuple(
    """
    Smith Johnson Williams Jones Davis Miller Wilson Anderson Thomas Taylor Moore Jackson Martin Thompson Harris
    Clark Lewis Robinson Walker Allen Wright Torres Nguyen Adams Nelson Campbell Mitchell Roberts Carter Phillips
    Evans Turner Parker Collins Edwards Stewart Morris Murphy Rogers Reed Morgan Cooper Peterson Bailey Howard
    Ramos Richardson Watson Brooks Bennett Gray Hughes Price Myers Foster Sanders Powell Sullivan Russell
    Jenkins Butler Barnes Fisher Henderson Coleman Simmons Patterson Jordan Reynolds Hamilton Graham Griffin
    Wallace Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Stevens Murray Freeman Wells Webb Simpson Tucker
    Porter Hunter Hicks Crawford Boyd Mason Morales Kennedy Warren Dixon Burns Gordon Shaw Holmes Rice Robertson Hunt
    Daniels Palmer Mills Nichols Grant Knight Ferguson Hawkins Dunn Perkins Hudson Spencer Gardner Payne Pierce Berry
    Matthews Arnold Wagner Willis Watkins Olson Carroll Duncan Snyder Hart Cunningham Lane Andrews Ruiz Harper Fox
    Riley Armstrong Carpenter Weaver Greene Lawrence Elliott Chavez Sims Austin Peters Kelley Franklin Lawson
    """.split()
)
