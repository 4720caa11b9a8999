"""Attribution of predictions to the words of a text."""
