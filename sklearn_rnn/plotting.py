"""Pictures of tokenizers, trainings and predictions. Needs matplotlib, once something is drawn."""

from ._gradient_flow_display import GradientFlowDisplay
from ._text_length_display import TextLengthDisplay
from ._token_attribution_display import TokenAttributionDisplay
from ._training_curve_display import TrainingCurveDisplay

__all__ = [
    "GradientFlowDisplay",
    "TextLengthDisplay",
    "TokenAttributionDisplay",
    "TrainingCurveDisplay",
]
