"""The language of a Mrsambosk host: what both programs say, and nothing about how either works.

Pure data and rules (msgspec and the standard library only); see ``docs/protocol.md`` for the text it implements.
"""

__version__ = "0.1.0"
