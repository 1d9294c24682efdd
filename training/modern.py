"""Whether talk could be of our days: no thee and thou, no dialect as it was spelt a century ago."""

import re
from typing import Final

_OLD: Final = re.compile(
    r"\b(thee|thou|thy|thine|doth|hath|hast|art thou|ye|yer|yez|wid|fer|ole|sor|shure|dat|dis|de|di|mair|ower|naw|wuz"
    r"|ez|ain't|o'|an'|th'|em|ter|nae|dinna|ken|oi|zur|allus|prithee|forsooth|methinks|'tis|'twas|verily|egad|sirrah"
    r"|tomorrer|agen|goin'|mornin'|nothin'|ma'am|m'lud|your ladyship|your lordship|my lord|serviette"
    r"|nigger\w*|negro\w*|jew\w*|darky|darkies|chinaman)\b|\B'(e|er|is|im|ave|ere|ow|ad|as|ouse)\b|\w+in'(?= )",
    re.I,
)


def of_our_days(text: str) -> bool:
    """Say whether nothing in ``text`` gives an old play away: archaic words, dialect, slurs of its time."""
    return not _OLD.search(text)
