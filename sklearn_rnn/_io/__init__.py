"""Files of texts and of word vectors."""
