"""What the descriptions of all commands share."""

from __future__ import annotations

import argparse


def parser(make, *names, text: str, example: str, closing: str = "", **options):
    """Make a parser whose help ends with an example, as it is written here."""
    epilog = f"example:\n  {example}" + (f"\n\n{closing}" if closing else "")
    formatter = argparse.RawDescriptionHelpFormatter
    options |= {"description": text, "epilog": epilog, "formatter_class": formatter}
    return make(*names, allow_abbrev=False, **options)


def whole(low: int):
    """Return an argparse type: a whole number from ``low`` on."""

    def whole_number(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= {low}")
        return int(text)

    return whole_number
