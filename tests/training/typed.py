"""A screenplay that nobody wrote before, typed in five layouts."""

from typing import Final

INDENTED: Final = """\
                              THE BRASS KEY

                                Written by

                                  Nobody

                          Third draft, May 1931


     FADE IN:

 1   INT. KITCHEN - NIGHT                                           1

     A lamp burns. ANNA (40) puts the kettle on and
     looks at the door.

                                   ANNA (V.O.)
                    Who was it that took the key
                    from the drawer?
                              (beat)
                    Not the cat.

                                   BEN
                              (whispering)
                    Forty-
                    two.

                                   ANNA
                    What
                                   (MORE)

                                                         (CONTINUED)

     THE BRASS KEY - Rev. 5/3/31                                    2.

 1   CONTINUED: (2)                                                 1

                                   ANNA (CONT'D)
                         (continuing)
                    did you say?                                  *

                                                            CUT TO:

 2   EXT. GARDEN -- DAY                                             2

     Ben digs.

     THE BRASS KEY - Rev. 5/3/31                                    3.

     A bell.

     THE BRASS KEY - Rev. 5/3/31                                    4A.
"""

FLAT: Final = """\
INT. KITCHEN - NIGHT

A lamp burns. ANNA (40) puts the kettle on and looks at the door.

ANNA (V.O.)
Who was it that took the key
from the drawer?
(beat)
Not the cat.

BEN
(whispering)
Forty-two.

ANNA (CONT'D)
What did you say?

CUT TO:

EXT. GARDEN – DAY

Ben digs.

A bell.

THE END
"""

INLINE: Final = """\
1. Interior: Kitchen - Night
INT KITCHEN - NIGHT

A lamp burns. ANNA (40) puts the kettle on and looks at the door.

ANNA (V.O.): Who was it that took the key from the drawer? (beat) Not the cat.

BEN (whispering): Forty-two.

ANNA: What did you say?

EXTERIOR: GARDEN - DAY

Ben digs.

A bell.
"""

TABBED: Final = "\r\n".join(
    [
        "INT. KITCHEN - NIGHT",
        "",
        "A lamp burns. ANNA (40) puts the kettle on and",
        "looks at the door.",
        "",
        "\t\t\tANNA V.O.",
        "\tWho was it that took the key",
        "\tfrom the drawer?",
        "\t\t(beat)",
        "\tNot the cat.",
        "",
        "\t\t\tBEN",
        "\t\t(whispering)",
        "\tForty-two.",
        "",
        "\t\t\tANNA",
        "\tWhat did you say?",
        "",
        "EXT. GARDEN - DAY",
        "",
        "Ben digs.",
        "",
        "A bell.",
    ]
)

DOUBLE: Final = "\n".join(line for typed in INDENTED.splitlines() for line in (typed, ""))
