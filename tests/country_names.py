"""Names of countries in the Unicode CLDR: `python -m tests.country_names` writes aggregator/gazetteer/countries.tsv."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from babel import Locale

TABLE = Path(str(resources.files("aggregator.gazetteer"))) / "countries.tsv"

_LOCALES = {"en": ("en",), "ko": ("ko",), "ja": ("ja",), "zh": ("zh_Hans", "zh_Hant")}
_SHORTEST = 2  # characters of a name
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})  # unions, stand-ins, and what is not known


def rows() -> list[str]:
    """The lines of the table: the countries and territories, by ISO 3166 code."""
    locales = {language: [Locale.parse(name).territories for name in names] for language, names in _LOCALES.items()}
    lines = ["\t".join(("id", *_LOCALES))]
    for code in sorted(map(str, locales["en"][0])):
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
            given = ([one.get(code) for one in some] for some in locales.values())
            names = ("|".join(dict.fromkeys(one for one in some if one and len(one) >= _SHORTEST)) for some in given)
            lines.append("\t".join((code.lower(), *names)))
    return lines


if __name__ == "__main__":
    TABLE.write_text("\n".join(rows()) + "\n", encoding="utf-8")
