# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf", "jinja2>=3"]
# ///
"""Rendering a page with a table of 50 rows in Jinja2: loops, filters, macros, escaping."""

import jinja2
import pyperf

PAGE = """\
{% macro cell(value, kind) %}<td class="{{ kind }}">{{ value }}</td>{% endmacro -%}
<html><head><title>{{ title|upper }}</title></head><body>
{% if rows %}<table>
{% for row in rows %}<tr class="{{ loop.cycle('odd', 'even') }}">
{{ cell(row.id, 'number') }}{{ cell(row.name, 'text') }}
{{ cell('%.2f'|format(row.price), 'price') }}
{% if row.note %}<td>{{ row.note|truncate(12) }}</td>{% endif %}</tr>
{% endfor %}</table>{% else %}<p>None.</p>{% endif %}
</body></html>
"""


def rows() -> list:
    """Fixed rows; some need escaping."""
    return [
        {
            "id": i,
            "name": f"<item> & {i}",
            "price": i * 1.1,
            "note": "a longer note" if i % 2 else "",
        }
        for i in range(50)
    ]


def render(template: jinja2.Template, table: list) -> str:
    """Render to one string, as web frameworks do."""
    return template.render(title="orders", rows=table)


if __name__ == "__main__":
    runner = pyperf.Runner()
    page = jinja2.Environment(autoescape=True).from_string(PAGE)
    data = rows()
    assert render(page, data).count("&lt;item&gt; &amp;") == len(data)
    runner.bench_func("jinja2_render", render, page, data)
