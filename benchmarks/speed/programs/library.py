"""The library `reader`, as its documentation has it used. `library.py ADDRESSES DATABASE`."""

import sys
from pathlib import Path

from reader import make_reader

known = Path(sys.argv[2]).exists()
reader = make_reader(sys.argv[2])
if not known:
    for url in Path(sys.argv[1]).read_text().split():
        reader.add_feed(url)
reader.update_feeds(scheduled=False, workers=16)
