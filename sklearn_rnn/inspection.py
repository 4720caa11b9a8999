"""Explanations of predictions as tables: the contributions of words to the scores of classes.

:class:`~sklearn_rnn.plotting.TokenAttributionDisplay` draws them. `token_attributions` compares
them with LIME, SHAP and captum, which take the same Pipeline.
"""

from sklearn_rnn._inspection.class_words import class_words
from sklearn_rnn._inspection.token_attributions import token_attributions

__all__ = ["class_words", "token_attributions"]
