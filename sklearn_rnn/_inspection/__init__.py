"""Attribution of predictions to the tokens of a text."""
