"""The templates of the pages."""

from pathlib import Path

import jinja2


def template(name: str) -> jinja2.Template:
    """Return a template in this folder. It escapes text, and an unknown variable is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
