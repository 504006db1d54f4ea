"""Charts as SVG whose colours are those of the page, light or dark."""
