"""Rows of the matrix, and what a cell can say that is not `ok`."""

LEFT_OUT = "left out"  # answered, and the wish that the model has nothing for did not reach Bedrock
CHARGED = "charged"  # works, and costs what it should not
NONE = "–"  # the client or the API format has no such thing


class Rows(dict):
    """Features by their titles, in the order of the document."""

    def row(self, title, unless=None):
        """Adds a feature: it says its verdict of a cell, if that is not `ok`. It has none of cells that are `unless`."""

        def add(feature):
            self[title] = feature if unless is None else lambda cell: NONE if unless(cell) else feature(cell)
            return feature

        return add
