"""Show an article with its removals marked and the rule behind each: `saring explain`."""

from __future__ import annotations

from collections.abc import Iterator

from cleaners.article import Cleaned, Removal
from cleaners.catalog import Catalog

COLOURS = "red strike"


def marked(found: Cleaned, catalog: Catalog) -> str:
    """Return the article in CriticMarkup: `{--what goes--}{>>rule, file<<}`."""
    text, out, at = found.article.text, [], 0
    for removal in found.removals:
        gone = text[removal.start : removal.end]
        body = gone.rstrip()  # the comment stands beside the words, not on the next line
        comment = f"{{>>{', '.join(_where(removal, catalog))}<<}}"
        out += [text[at : removal.start], "{--", body, "--}", comment, gone[len(body) :]]
        at = removal.end
    return "".join([*out, text[at:]])


def show_colours(found: Cleaned, catalog: Catalog) -> None:
    """Print the article to the terminal: what goes struck through in red, its rule beside it."""
    from rich.console import Console
    from rich.text import Text

    text, shown, at = found.article.text, Text(), 0
    for removal in found.removals:
        gone = text[removal.start : removal.end]
        body = gone.rstrip()
        shown.append(text[at : removal.start]).append(body, COLOURS)
        shown.append(f" [{', '.join(_where(removal, catalog))}] ", "dim").append(gone[len(body) :])
        at = removal.end
    Console().print(shown.append(text[at:]), soft_wrap=True)


def facts(found: Cleaned, catalog: Catalog) -> Iterator[str]:
    """Say what was learnt: source, language, fields, flags, and the note of each rule that fired."""
    fields, tag = found.fields, found.language
    date = fields.published.at.isoformat() if fields.published else None
    listed = {
        "source": f"{found.source.name}, known from its {found.source.evidence}" if found.source.name else None,
        "language": f"{tag.tag} ({tag.score:g}, {tag.status})",
        "title": fields.title,
        "authors": ", ".join(fields.authors),
        "editors": ", ".join(fields.editors),
        "dateline": fields.dateline,
        "published": date,
        "cited": ", ".join(fields.cited_sources),
        "related": " | ".join(one.title for one in fields.related),
        "repaired": ", ".join(found.article.repairs),
        "flags": ", ".join(found.flags),
    }
    yield from (f"{name:<9} {value}" for name, value in listed.items() if value)
    for name in dict.fromkeys(removal.rule for removal in found.removals):
        rule = catalog.rule(name)
        if rule is not None and rule.note:
            yield f"{name}: {rule.note}"


def _where(removal: Removal, catalog: Catalog) -> list[str]:
    rule = catalog.rule(removal.rule)
    return [removal.rule, removal.kind.value, *([rule.file] if rule is not None else [])]
