"""Displays of text lengths, training and predictions. Drawing them needs matplotlib."""

from sklearn_rnn._plotting.gradient_flow import GradientFlowDisplay
from sklearn_rnn._plotting.text_length import TextLengthDisplay
from sklearn_rnn._plotting.token_attribution import TokenAttributionDisplay
from sklearn_rnn._plotting.training_curve import TrainingCurveDisplay

__all__ = [
    "GradientFlowDisplay",
    "TextLengthDisplay",
    "TokenAttributionDisplay",
    "TrainingCurveDisplay",
]
