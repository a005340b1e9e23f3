"""One view over an outcome, then one renderer a file.

`view.build_view` puts everything into words and numbers once; the renderers only lay it out, so
that terminal, YAML, HTML, JSON and notebook cannot disagree.
"""
