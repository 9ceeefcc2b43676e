"""A static site from the marts: the portfolio, a page per experiment and metric, the program."""

from experimentos.site.write import SITE_MARTS, Written, write_site

__all__ = ["SITE_MARTS", "Written", "write_site"]
