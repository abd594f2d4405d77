"""The templates of the pages, in the folder html."""

from pathlib import Path

import jinja2

from listill.report.cell import signed


def template(name: str) -> jinja2.Template:
    """Return a template of the folder html. It escapes text, and an unknown variable is an error.

    The filters ``signed`` and ``decimal`` show three digits, ``number`` separates thousands.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"signed": signed, "decimal": "{:.3f}".format, "number": "{:,}".format}
    return environment.get_template(name)
