"""Links from scikit-learn's HTML diagrams to the pages of the estimators."""

import os

# Environment variable with the address of the site that `nox -s docs` builds, without a slash at
# the end. The site is not published at one address; without the variable, diagrams have no link.
ADDRESS = "SKLEARN_RNN_DOCS"


class DocLinkMixin:
    """Mixin of an estimator whose diagram links to its page of the API reference.

    It comes before :class:`~sklearn.base.BaseEstimator` in the bases of an estimator. scikit-learn
    reads the attributes, and shows no link if the template is empty.
    """

    _doc_link_module = "sklearn_rnn"

    @property
    def _doc_link_template(self) -> str:
        address = os.environ.get(ADDRESS)
        if not address:
            return ""
        return f"{address}/api/generated/{{estimator_module}}.{{estimator_name}}.html"
